/**
 * @file The gradient by the kernels, 5 × 5 and of one channel, of a convolution whose output is pooled 2 × 2 and rectified.
 * Of a cell of the pool one value alone has a gradient, and of a cell below zero none: so the cells that have one are
 * listed first, and each then adds its patch of the image to its kernel's gradient.
 */
import { mulAdd } from "./tiles";

const KERNEL: u32 = 5;
/** Bytes beyond a row of the image: two zeros before it, and behind it what two whole vectors of a patch may touch. */
const MARGIN: u32 = 32;

// @ts-ignore: decorator
@inline function rowBytes(width: u32): u32 {
  return width * 4 + MARGIN;
}

/** The image at `scratch`, two zeros around it; what lies there otherwise stays zero from image to image. */
function padImage(image: usize, height: u32, width: u32, scratch: usize): void {
  const stride = rowBytes(width);
  for (let y: u32 = 0; y < height; y++) memory.copy(scratch + (y + 2) * stride + 8, image + y * width * 4, width * 4);
}

/**
 * Lists a filter's cells that have a gradient: where the patch of the cell's greatest value begins, the first of equal
 * ones, and the gradient. Returns four times their number.
 */
function listCells(height: u32, width: u32, values: usize, pooled: usize, gradient: usize, patches: usize, places: usize, slopes: usize): u32 {
  const stride = rowBytes(width);
  const below = width * 4;
  let n: u32 = 0;
  for (let i: u32 = 0; i < height; i += 2) {
    for (let j: u32 = 0; j < width; j += 2) {
      const greatest = load<f32>(pooled);
      let at = select<u32>(stride, stride + 4, load<f32>(values + below) == greatest);
      at = select<u32>(4, at, load<f32>(values, 4) == greatest);
      at = select<u32>(0, at, load<f32>(values) == greatest);
      store<u32>(places + n, <u32>patches + at);
      store<f32>(slopes + n, load<f32>(gradient));
      n += <u32>(greatest > 0) << 2; // what was written stays only then
      pooled += 4;
      gradient += 4;
      values += 8;
      patches += 8;
    }
    values += below;
    patches += 2 * stride - below;
  }
  return n;
}

// @ts-ignore: decorator
@inline function addRow(sums: usize, low: v128, high: v128): void {
  v128.store(sums, f32x4.add(v128.load(sums), low));
  store<f32>(sums, load<f32>(sums, 16) + f32x4.extract_lane(high, 0), 16);
}

/**
 * weights [filters, 5, 5], bias [filters] ← the gradient by them, of `count` images [height, width]; `values` before
 * pooling [count, filters, height, width], `pooled` after it and rectified, `gradient` by `pooled`. All float32; sums
 * within an image first. `scratch` holds the image with zeros around it, then places and slopes of the cells listed.
 */
export function pooledConvolutionGradient(
  count: u32,
  filters: u32,
  height: u32,
  width: u32,
  images: usize,
  values: usize,
  pooled: usize,
  gradient: usize,
  weights: usize,
  bias: usize,
  scratch: usize,
): void {
  const stride = rowBytes(width);
  const imageBytes = height * width * 4;
  const cellBytes = imageBytes >> 2;
  const places = scratch + stride * (height + KERNEL - 1);
  const slopes = places + cellBytes;
  const zero = f32x4.splat(0);
  memory.fill(scratch, 0, stride * (height + KERNEL - 1));
  memory.fill(weights, 0, filters * KERNEL * KERNEL * 4);
  memory.fill(bias, 0, filters * 4);
  for (let image: u32 = 0; image < count; image++, images += imageBytes) {
    padImage(images, height, width, scratch);
    for (let filter: u32 = 0; filter < filters; filter++) {
      const n = listCells(height, width, values, pooled, gradient, scratch, places, slopes);
      values += imageBytes;
      pooled += cellBytes;
      gradient += cellBytes;
      let sum: f32 = 0;
      let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero;
      let b0 = zero, b1 = zero, b2 = zero, b3 = zero, b4 = zero;
      for (let cell: u32 = 0; cell < n; cell += 4) {
        let x: usize = load<u32>(places + cell);
        const slope = load<f32>(slopes + cell);
        const g = f32x4.splat(slope);
        sum += slope;
        a0 = mulAdd<f32>(a0, g, v128.load(x));
        b0 = mulAdd<f32>(b0, g, v128.load(x, 16));
        x += stride;
        a1 = mulAdd<f32>(a1, g, v128.load(x));
        b1 = mulAdd<f32>(b1, g, v128.load(x, 16));
        x += stride;
        a2 = mulAdd<f32>(a2, g, v128.load(x));
        b2 = mulAdd<f32>(b2, g, v128.load(x, 16));
        x += stride;
        a3 = mulAdd<f32>(a3, g, v128.load(x));
        b3 = mulAdd<f32>(b3, g, v128.load(x, 16));
        x += stride;
        a4 = mulAdd<f32>(a4, g, v128.load(x));
        b4 = mulAdd<f32>(b4, g, v128.load(x, 16));
      }
      const sums = weights + filter * KERNEL * KERNEL * 4;
      addRow(sums, a0, b0);
      addRow(sums + 20, a1, b1);
      addRow(sums + 40, a2, b2);
      addRow(sums + 60, a3, b3);
      addRow(sums + 80, a4, b4);
      store<f32>(bias + filter * 4, load<f32>(bias + filter * 4) + sum);
    }
  }
}
