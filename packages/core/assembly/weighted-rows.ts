/** @file Rows of a weighted sample, standardised and with a one: √ωᵢ((xᵢ - c) ∘ s; 1), each number in float64 and then rounded. */

/** Four numbers of x to two vectors of √ω (x - c) s. */
// @ts-ignore: decorator
@inline function weighed(x: v128, c: usize, s: usize, root: v128): v128 {
  return f64x2.mul(f64x2.mul(root, f64x2.sub(f64x2.promote_low_f32x4(x), v128.load(c))), v128.load(s));
}

/**
 * `count` rows of X, those that `index` names, to rows of `cols` + 1 numbers `stride` bytes apart; `shift` and `scale` are
 * padded to whole vectors, `scale` with zeros. A row of X has whole vectors too, and there is room for one more behind the last.
 */
export function weightedRows(x: usize, xStride: u32, index: usize, weights: usize, count: u32, cols: u32, shift: usize, scale: usize, to: usize, stride: u32): void {
  for (let i: u32 = 0; i < count; i++, to += stride) {
    const from = x + load<u32>(index + i * 4) * xStride;
    const root = sqrt(load<f64>(weights + i * 8));
    const roots = f64x2.splat(root);
    for (let j: u32 = 0; j < cols; j += 4) {
      const v = v128.load(from + j * 4);
      const low = weighed(v, shift + j * 8, scale + j * 8, roots);
      const high = weighed(v128.shuffle<i64>(v, v, 1, 1), shift + j * 8 + 16, scale + j * 8 + 16, roots);
      const a = f32x4.demote_f64x2_zero(low);
      v128.store(to + j * 4, v128.shuffle<i64>(a, f32x4.demote_f64x2_zero(high), 0, 2));
    }
    const end = (cols * 4) & ~15; // the vector that the one is in
    if (end == cols * 4) v128.store(to + end, f32x4.splat(0));
    store<f32>(to + cols * 4, <f32>root);
  }
}
