/**
 * @file The two register tiles under everything, in float32 (T = f32) and float64 (T = f64): three rows or three
 * vectors by up to three classes, nine accumulators at most, so that nothing spills from sixteen registers.
 *
 * Weights are packed class group by class group (three classes, the last group fewer), within a group panel by panel,
 * vector by vector, class by class. Gradients are float64 tiles: group by group, panel by panel, class by class.
 */
import { Job } from "./job";
import { PANEL_ROW, panelCols, panelCount, panelStride } from "./panels";

/** Panels taken together by the forward product, so that a group's weights stay in the first cache. */
const CHUNK: u32 = 84;

/** Both lanes' or all four lanes' sum, in float64. */
// @ts-ignore: decorator
@inline function sumLanes<T>(v: v128): f64 {
  if (sizeof<T>() == 8) return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
  const s = f64x2.add(
    f64x2.promote_low_f32x4(v),
    f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1)),
  );
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

// @ts-ignore: decorator
@inline function mulAdd<T>(sum: v128, a: v128, b: v128): v128 {
  return v128.add<T>(sum, v128.mul<T>(a, b));
}

// @ts-ignore: decorator
@inline function accumulate(z: usize, v: f64): void {
  store<f64>(z, load<f64>(z) + v);
}

/** Z[3 rows, nc classes] += three rows of panels times nc classes of packed weights. */
// @ts-ignore: decorator
@inline function forwardTile<T>(nc: u32, x: usize, ps: u32, w: usize, panels: u32, z: usize, zs: u32): void {
  const zero = v128.splat<T>(0);
  let a00 = zero, a01 = zero, a02 = zero;
  let a10 = zero, a11 = zero, a12 = zero;
  let a20 = zero, a21 = zero, a22 = zero;
  for (const end = w + panels * 48 * nc; w < end; x += ps) {
    for (const last = x + 48; x < last; x += 16, w += 16 * nc) {
      const x0 = v128.load(x);
      const x1 = v128.load(x, 48);
      const x2 = v128.load(x, 96);
      let wc = v128.load(w);
      a00 = mulAdd<T>(a00, x0, wc);
      a10 = mulAdd<T>(a10, x1, wc);
      a20 = mulAdd<T>(a20, x2, wc);
      if (nc > 1) {
        wc = v128.load(w, 16);
        a01 = mulAdd<T>(a01, x0, wc);
        a11 = mulAdd<T>(a11, x1, wc);
        a21 = mulAdd<T>(a21, x2, wc);
      }
      if (nc > 2) {
        wc = v128.load(w, 32);
        a02 = mulAdd<T>(a02, x0, wc);
        a12 = mulAdd<T>(a12, x1, wc);
        a22 = mulAdd<T>(a22, x2, wc);
      }
    }
    x -= 48;
  }
  const z1 = z + zs;
  const z2 = z1 + zs;
  accumulate(z, sumLanes<T>(a00));
  accumulate(z1, sumLanes<T>(a10));
  accumulate(z2, sumLanes<T>(a20));
  if (nc > 1) {
    accumulate(z + 8, sumLanes<T>(a01));
    accumulate(z1 + 8, sumLanes<T>(a11));
    accumulate(z2 + 8, sumLanes<T>(a21));
  }
  if (nc > 2) {
    accumulate(z + 16, sumLanes<T>(a02));
    accumulate(z1 + 16, sumLanes<T>(a12));
    accumulate(z2 + 16, sumLanes<T>(a22));
  }
}

// @ts-ignore: decorator
@inline function forwardRows<T>(nc: u32, x: usize, ps: u32, w: usize, panels: u32, z: usize, zs: u32, rows: u32): void {
  for (let i: u32 = 0; i < rows; i += 3) {
    forwardTile<T>(nc, x + i * PANEL_ROW, ps, w, panels, z + i * zs, zs);
  }
}

/** Z[rows, live] (stride zs bytes) += the block times the packed weights; rows are rounded up to a multiple of 3. */
export function forwardBlock<T>(job: Job, block: usize, rows: u32, z: usize, zs: u32): void {
  const ps = panelStride(job);
  const panels = panelCount<T>(job.cols);
  const live = job.live;
  for (let p: u32 = 0; p < panels; p += CHUNK) {
    const count = min(CHUNK, panels - p);
    const x = block + p * ps;
    let w = job.weights;
    let c: u32 = 0;
    for (; c + 3 <= live; c += 3, w += panels * 144) {
      forwardRows<T>(3, x, ps, w + p * 144, count, z + c * 8, zs, rows);
    }
    if (live - c == 2) forwardRows<T>(2, x, ps, w + p * 96, count, z + c * 8, zs, rows);
    else if (live - c == 1) forwardRows<T>(1, x, ps, w + p * 48, count, z + c * 8, zs, rows);
  }
}

/** out (f64) += v. */
// @ts-ignore: decorator
@inline function flush<T>(out: usize, v: v128): void {
  if (sizeof<T>() == 8) {
    v128.store(out, f64x2.add(v128.load(out), v));
  } else {
    v128.store(out, f64x2.add(v128.load(out), f64x2.promote_low_f32x4(v)));
    v128.store(out, f64x2.add(v128.load(out, 16), f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1))), 16);
  }
}

/** out[nc classes, one panel] += Σ over rows of residual times panel. */
// @ts-ignore: decorator
@inline export function backwardTile<T>(nc: u32, x: usize, r: usize, rs: u32, rows: u32, out: usize): void {
  const zero = v128.splat<T>(0);
  let a00 = zero, a01 = zero, a02 = zero;
  let a10 = zero, a11 = zero, a12 = zero;
  let a20 = zero, a21 = zero, a22 = zero;
  for (const end = x + rows * PANEL_ROW; x < end; x += PANEL_ROW, r += rs) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    let rc = v128.load_splat<T>(r);
    a00 = mulAdd<T>(a00, x0, rc);
    a01 = mulAdd<T>(a01, x1, rc);
    a02 = mulAdd<T>(a02, x2, rc);
    if (nc > 1) {
      rc = v128.load_splat<T>(r, sizeof<T>());
      a10 = mulAdd<T>(a10, x0, rc);
      a11 = mulAdd<T>(a11, x1, rc);
      a12 = mulAdd<T>(a12, x2, rc);
    }
    if (nc > 2) {
      rc = v128.load_splat<T>(r, 2 * sizeof<T>());
      a20 = mulAdd<T>(a20, x0, rc);
      a21 = mulAdd<T>(a21, x1, rc);
      a22 = mulAdd<T>(a22, x2, rc);
    }
  }
  const vector = 128 / sizeof<T>(); // bytes of a flushed vector
  flush<T>(out, a00);
  flush<T>(out + vector, a01);
  flush<T>(out + 2 * vector, a02);
  if (nc > 1) {
    flush<T>(out + 3 * vector, a10);
    flush<T>(out + 4 * vector, a11);
    flush<T>(out + 5 * vector, a12);
  }
  if (nc > 2) {
    flush<T>(out + 6 * vector, a20);
    flush<T>(out + 7 * vector, a21);
    flush<T>(out + 8 * vector, a22);
  }
}

/** tiles += blockᵀ R; R [rows, live] with stride rs bytes. */
export function backwardBlock<T>(job: Job, block: usize, rows: u32, r: usize, rs: u32, tiles: usize): void {
  const ps = panelStride(job);
  const panels = panelCount<T>(job.cols);
  const live = job.live;
  const unit = panelCols<T>() * 8; // bytes of one class in one tile
  for (let p: u32 = 0; p < panels; p++) {
    const x = block + p * ps;
    let out = tiles;
    let c: u32 = 0;
    for (; c + 3 <= live; c += 3, out += panels * 3 * unit) {
      backwardTile<T>(3, x, r + c * sizeof<T>(), rs, rows, out + p * 3 * unit);
    }
    if (live - c == 2) backwardTile<T>(2, x, r + c * sizeof<T>(), rs, rows, out + p * 2 * unit);
    else if (live - c == 1) backwardTile<T>(1, x, r + c * sizeof<T>(), rs, rows, out + p * unit);
  }
}
