export * from "./dataset.ts";
export * from "./datasets/gaussian-halfspace.ts";
export { mnist } from "./datasets/mnist.ts";
export { cifar10 } from "./datasets/cifar10.ts";
export { loadDigits } from "./datasets/load-digits.ts";
export { syntheticDigits } from "./datasets/synthetic-digits.ts";
export * from "./datasets/libsvm.ts";
