export * from "./dataset.ts";
export * from "./datasets/gaussian-halfspace.ts";
export { mnist } from "./datasets/mnist.ts";
