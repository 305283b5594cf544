/**
 * @file One job as both sides of the fence see it. packages/core/src/kernels/wasm/job.ts writes these fields by their
 * order: change both together. Pointers are byte addresses in the one shared memory.
 */

@unmanaged
export class Job {
  // f64 fields
  t: f64; // step along a line
  slope: f64; // of the leaky rectifier
  rate: f64; // learning rate of the bias
  epsilon: f64; // of the bias
  decay: f64;
  l2: f64; // the greatest of the columns' penalties
  lipschitz: f64; // L of a line search, in and out
  shrink: f64; // of L, each step
  // u32 fields
  rows: u32; // n
  cols: u32; // d
  stride: u32; // bytes from one row of x to the next
  classes: u32; // k
  live: u32; // classes with weights of their own: k, or k - 1 when the last class is the reference
  blockRows: u32; // most rows of a block, a multiple of 3
  parts: u32; // row partitions
  acc: usize; // accumulators of partition 0
  accStride: u32; // bytes from one partition's accumulators to the next
  labels: usize; // i32 [n]
  shift: usize; // c, f32 [d padded], or 0
  weights: usize; // packed, see tiles.ts
  bias: usize; // f64 [k padded]
  margins: usize; // Z, f64 [n, k padded]
  direction: usize; // D, likewise
  index: usize; // i32 row numbers, or 0
  rowWeights: usize; // f64, or 0
  source: usize; // what a pack reads
  out: usize; // what a finish writes
  outBias: usize;
  outCols: u32; // of a dense layer
  outStride: u32; // bytes
  // minibatch sweeps: f64 [k, d padded] and f64 [d padded]
  order: usize;
  orderLength: u32;
  batch: u32;
  theta: usize;
  square: usize;
  penalty: usize;
  columnRate: usize;
  columnEpsilon: usize;
  biasSquare: usize;
  sums: usize; // of a batch
  sumsParts: u32;
  sumsStride: u32; // bytes
  // row-wise loops
  residuals: usize;
  method: u32;
  lineSearch: u32;
  seen: usize; // u8 [n]
  seenCount: u32;
  gradientBias: usize;
  // features that are a convolution
  filters: u32;
  height: u32;
  width: u32;
  side: u32; // of a kernel, odd
  kernels: usize; // K [filters, side, side], then each turned by half a circle
  constants: usize; // f64 [d]
  convolved: usize; // room of convolvedBytes for each class
  outside: u32; // 1: X lies in memories of its own, and x is the number of a row
}

/** f64 numbers per row of margins: k rounded up to whole vectors. */
// @ts-ignore: decorator
@inline export function paddedClasses(job: Job): u32 {
  return (job.classes + 1) & ~1;
}
