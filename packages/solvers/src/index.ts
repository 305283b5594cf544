export * from "./solvers/lbfgs.ts";
