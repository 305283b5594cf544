export * from "./fit-path.ts";
export * from "./solvers/gradient-descent.ts";
export * from "./solvers/lbfgs.ts";
export * from "./solvers/newton-cg.ts";
export * from "./solvers/newton-cholesky.ts";
export * from "./solvers/rmsprop.ts";
