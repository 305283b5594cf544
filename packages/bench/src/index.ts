/** @file What others may know of the bench: its results and the shape of their rows. */
export * from "./results.ts";
export * from "./rows.ts";
export * from "./run-record.ts";
