/** @file The report: figures as data, claims as data, and the page made of them. */
export * from "./claim.ts";
export * from "./figure.ts";
export * as figures from "./figures/index.ts";
export { renderPage } from "./page/page.ts";
