/** @file The backward product: Σ over a strip's rows of residual times row. */
import { Job } from "./job";
import { PANEL, panelCols, panelCount } from "./strips";
import { mulAdd, One, size, Three, Two } from "./tiles";

/** out (f64) += v. */
// @ts-ignore: decorator
@inline export function flush<T>(out: usize, v: v128): void {
  if (sizeof<T>() == 8) {
    v128.store(out, f64x2.add(v128.load(out), v));
  } else {
    v128.store(out, f64x2.add(v128.load(out), f64x2.promote_low_f32x4(v)));
    v128.store(out, f64x2.add(v128.load(out, 16), f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1))), 16);
  }
}

/** out[nc classes, one panel] += Σ over rows of residual times panel; rows of x and r are xs and rs bytes apart. */
export function backwardTile<T, N>(x: usize, xs: u32, r: usize, rs: u32, rows: u32, out: usize): void {
  const zero = v128.splat<T>(0);
  let a00 = zero, a01 = zero, a02 = zero;
  let a10 = zero, a11 = zero, a12 = zero;
  let a20 = zero, a21 = zero, a22 = zero;
  for (const end = x + rows * xs; x < end; x += xs, r += rs) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    let rc = v128.load_splat<T>(r);
    a00 = mulAdd<T>(a00, x0, rc);
    a01 = mulAdd<T>(a01, x1, rc);
    a02 = mulAdd<T>(a02, x2, rc);
    if (size<N>() > 1) {
      rc = v128.load_splat<T>(r, sizeof<T>());
      a10 = mulAdd<T>(a10, x0, rc);
      a11 = mulAdd<T>(a11, x1, rc);
      a12 = mulAdd<T>(a12, x2, rc);
    }
    if (size<N>() > 2) {
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
  if (size<N>() > 1) {
    flush<T>(out + 3 * vector, a10);
    flush<T>(out + 4 * vector, a11);
    flush<T>(out + 5 * vector, a12);
  }
  if (size<N>() > 2) {
    flush<T>(out + 6 * vector, a20);
    flush<T>(out + 7 * vector, a21);
    flush<T>(out + 8 * vector, a22);
  }
}

/** backwardTile for one class and two panels, which gives the sums of one class enough to overlap. */
function backwardPair<T>(x: usize, xs: u32, r: usize, rs: u32, rows: u32, out: usize): void {
  const zero = v128.splat<T>(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero;
  for (const end = x + rows * xs; x < end; x += xs, r += rs) {
    const rc = v128.load_splat<T>(r);
    a0 = mulAdd<T>(a0, v128.load(x), rc);
    a1 = mulAdd<T>(a1, v128.load(x, 16), rc);
    a2 = mulAdd<T>(a2, v128.load(x, 32), rc);
    a3 = mulAdd<T>(a3, v128.load(x, 48), rc);
    a4 = mulAdd<T>(a4, v128.load(x, 64), rc);
    a5 = mulAdd<T>(a5, v128.load(x, 80), rc);
  }
  const vector = 128 / sizeof<T>();
  flush<T>(out, a0);
  flush<T>(out + vector, a1);
  flush<T>(out + 2 * vector, a2);
  flush<T>(out + 3 * vector, a3);
  flush<T>(out + 4 * vector, a4);
  flush<T>(out + 5 * vector, a5);
}

/** tiles += stripᵀ R, panels p .. p+count-1; R [rows, live] with stride rs bytes. */
export function backwardStrip<T>(job: Job, strip: usize, stride: u32, rows: u32, p: u32, count: u32, r: usize, rs: u32, tiles: usize): void {
  const panels = panelCount<T>(job.cols);
  const live = job.live;
  const unit = panelCols<T>() * 8; // bytes of one class in one tile
  const end = p + count;
  if (live == 1) {
    for (; p + 1 < end; p += 2, strip += 2 * PANEL) backwardPair<T>(strip, stride, r, rs, rows, tiles + p * unit);
  }
  for (; p < end; p++, strip += PANEL) {
    let out = tiles;
    let c: u32 = 0;
    for (; c + 3 <= live; c += 3, out += panels * 3 * unit) {
      backwardTile<T, Three>(strip, stride, r + c * sizeof<T>(), rs, rows, out + p * 3 * unit);
    }
    if (live - c == 2) backwardTile<T, Two>(strip, stride, r + c * sizeof<T>(), rs, rows, out + p * 2 * unit);
    else if (live - c == 1) backwardTile<T, One>(strip, stride, r + c * sizeof<T>(), rs, rows, out + p * unit);
  }
}
