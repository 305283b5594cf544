/**
 * @file One block of rows of each job that traverses X: decode it once, then every product reads the packed copy.
 * All have the form (job, scratch, acc, x, row0, rows): x is the first byte of row row0, acc the partition's sums.
 */
import { Job, paddedClasses } from "./job";
import { sum2 } from "./math";
import { blockMargins, blockResiduals, blockRowSpace, decode, decodeExact } from "./panels";
import { ACC_LOSS, accBody, curvatures, residuals, residuals2, scores } from "./softmax";
import { backwardBlock, forwardBlock } from "./tiles";

/** Margins of the block without bias [rows, ZP], freshly zeroed, then filled. */
// @ts-ignore: decorator
@inline function blockForward<T>(job: Job, scratch: usize, rows: u32, zs: u32): usize {
  const z = blockMargins<T>(job, scratch);
  memory.fill(z, 0, (rows + 3) * zs);
  forwardBlock<T>(job, scratch, rows, z, zs);
  return z;
}

/** Loss and gradient: decode, forward, softmax, backward. */
export function fused(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  decode(job, x, 0, rows, scratch);
  gradientOfBlock(job, scratch, acc, job.labels + row0 * 4, rows);
}

/** The part of `fused` after decoding; `labels` are the block's. */
export function gradientOfBlock(job: Job, scratch: usize, acc: usize, labels: usize, rows: u32): void {
  const r = blockResiduals<f32>(job, scratch);
  if (job.classes == 2) {
    const z = blockForward<f32>(job, scratch, rows, 8);
    residuals2<f32>(job, z, load<f64>(job.bias), labels, rows, r, acc);
    backwardBlock<f32>(job, scratch, rows, r, 4, acc + accBody(job));
  } else {
    const z = blockForward<f32>(job, scratch, rows, paddedClasses(job) * 8);
    residuals<f32>(job, z, job.bias, labels, rows, r, blockRowSpace<f32>(job, scratch), acc);
    backwardBlock<f32>(job, scratch, rows, r, paddedClasses(job) * 4, acc + accBody(job));
  }
}

// @ts-ignore: decorator
@inline function storeMargins<T>(job: Job, scratch: usize, row0: u32, rows: u32): void {
  const bytes = paddedClasses(job) * 8;
  let z = blockForward<T>(job, scratch, rows, bytes);
  let out = job.margins + row0 * bytes;
  for (let i: u32 = 0; i < rows; i++, z += bytes, out += bytes) {
    for (let c: u32 = 0; c < bytes; c += 16) {
      v128.store(out + c, f64x2.add(v128.load(z + c), v128.load(job.bias + c)));
    }
  }
}

/** Z ← x̃ Wᵀ + b. */
export function forward(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  decode(job, x, 0, rows, scratch);
  storeMargins<f32>(job, scratch, row0, rows);
}

export function forwardExact(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  decodeExact(job, x, rows, scratch);
  storeMargins<f64>(job, scratch, row0, rows);
}

// @ts-ignore: decorator
@inline function backwardOf<T>(job: Job, scratch: usize, acc: usize, row0: u32, rows: u32): void {
  const r = blockResiduals<T>(job, scratch);
  const z = job.margins + row0 * paddedClasses(job) * 8;
  residuals<T>(job, z, job.bias, job.labels + row0 * 4, rows, r, blockRowSpace<T>(job, scratch), acc);
  backwardBlock<T>(job, scratch, rows, r, paddedClasses(job) * sizeof<T>(), acc + accBody(job));
}

/** x̃ᵀ(softmax(Z) - Y). */
export function backward(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  decode(job, x, 0, rows, scratch);
  backwardOf<f32>(job, scratch, acc, row0, rows);
}

export function backwardExact(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  decodeExact(job, x, rows, scratch);
  backwardOf<f64>(job, scratch, acc, row0, rows);
}

/** x̃ᵀ(p ∘ (u - ⟨p, u⟩)), u = x̃ Vᵀ + v; the weights and outBias hold V and v, the margins Z. */
export function hessian(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const bytes = paddedClasses(job) * 8;
  decode(job, x, 0, rows, scratch);
  const u = blockForward<f32>(job, scratch, rows, bytes);
  for (let i: u32 = 0; i < rows; i++) {
    for (let c: u32 = 0; c < bytes; c += 16) {
      const at = u + i * bytes + c;
      v128.store(at, f64x2.add(v128.load(at), v128.load(job.source + c)));
    }
  }
  const r = blockResiduals<f32>(job, scratch);
  curvatures(job, job.margins + row0 * bytes, job.bias, u, rows, r, blockRowSpace<f32>(job, scratch), acc);
  backwardBlock<f32>(job, scratch, rows, r, bytes >> 1, acc + accBody(job));
}

/** Loss and errors. */
export function evaluate(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  decode(job, x, 0, rows, scratch);
  const z = blockForward<f32>(job, scratch, rows, paddedClasses(job) * 8);
  scores(job, z, job.bias, job.labels + row0 * 4, rows, blockRowSpace<f32>(job, scratch), acc);
}

/** Σ (x - x₀) and Σ (x - x₀)² per column [2, cols padded to 4], float64; x₀, the first row, lies at job.source. */
export function columnSums(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const wide = ((job.cols + 3) & ~3) * 8;
  const sums = acc + accBody(job);
  for (let i: u32 = 0; i < rows; i++) {
    const from = x + i * job.stride;
    for (let c: u32 = 0; c < wide; c += 16) {
      const v = f64x2.sub(
        f64x2.promote_low_f32x4(v128.load64_zero(from + (c >> 1))),
        f64x2.promote_low_f32x4(v128.load64_zero(job.source + (c >> 1))),
      );
      const at = sums + c;
      v128.store(at, f64x2.add(v128.load(at), v));
      v128.store(at + wide, f64x2.add(v128.load(at + wide), f64x2.mul(v, v)));
    }
  }
}

/** Σ over rows of the Euclidean norm of x. */
export function rowNorms(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const bytes = ((job.cols + 3) & ~3) * 4;
  let total: f64 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const from = x + i * job.stride;
    let sum = f64x2.splat(0);
    for (let c: u32 = 0; c < bytes; c += 8) {
      const v = f64x2.promote_low_f32x4(v128.load64_zero(from + c));
      sum = f64x2.add(sum, f64x2.mul(v, v));
    }
    total += sqrt(sum2(sum));
  }
  store<f64>(acc + ACC_LOSS, load<f64>(acc + ACC_LOSS) + total);
}
