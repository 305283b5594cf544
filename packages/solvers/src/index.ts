export * from "./fit-path.ts";
export * from "./solvers/lbfgs.ts";
export * from "./solvers/rmsprop.ts";
