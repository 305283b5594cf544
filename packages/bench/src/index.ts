/** @file What others may know of the bench: its results, the shape of their rows, and what a comparison of solvers says. */
export * from "./results.ts";
export * from "./rows.ts";
export * from "./run-record.ts";
export * from "./compare/comparison-of.ts";
export type { EndRow, PointRow, ProblemRow, TimingRow } from "./compare/comparison-rows.ts";
export * from "./compare/cost-axes.ts";
export * from "./compare/cost-exponents.ts";
export * from "./compare/summarize.ts";
export * from "./compare/which-solver.ts";
export * from "./compare/peer-record.ts";
