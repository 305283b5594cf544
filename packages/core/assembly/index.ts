/** @file The module: every kernel by name. packages/core/src/kernels/wasm/module.ts says which traverse X. */
export { backward, backwardExact, columnSums, evaluate, forward, forwardExact, fused, hessian, rowNorms } from "./blocks";
export { convolvedBytes, convolvedClasses } from "./convolved";
export { dense, packDense, rectify } from "./dense";
export { finishGram, gram, gramBytes } from "./gram";
export { addBias, advance, along, moments, probabilities, score } from "./margins";
export { prepare } from "./math";
export { mergeColumns } from "./merge";
export { adamStep, momentumStep } from "./optimizers";
export {
  clear,
  finishGradient,
  finishGradientExact,
  firstNotFinite,
  gradientBytes,
  packWeights,
  packWeightsExact,
  reduce,
  spreadRows,
  weightBytes,
} from "./pack";
export { pooledConvolutionGradient } from "./pooled-convolution";
export { rowScratchBytes, rowSweep, shadowWeights } from "./rows";
export { scratchBytes } from "./strips";
export { accBody } from "./accumulators";
export { backwardTogether, fusedTogether, jobBytes } from "./together";
export { fusedWhole } from "./whole";
export { weightedRows } from "./weighted-rows";
export { sweep, sweepBias, sweepRows, sweepTogether, sweepWeights } from "./sweep";
