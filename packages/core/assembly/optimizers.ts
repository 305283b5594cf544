/**
 * @file A step of an optimiser over `count` float32 parameters: in float32, operation for operation as models' optimizer.ts
 * does it, so that the bits are the same. Addresses are of the first number; h, the gradient of a second shard, may be 0.
 */

/** (g + h) + l2 θ of four parameters. */
// @ts-ignore: decorator
@inline function derivative4(g: usize, h: usize, w: v128, l2: v128): v128 {
  const both = h ? f32x4.add(v128.load(g), v128.load(h)) : v128.load(g);
  return f32x4.add(both, f32x4.mul(l2, w));
}

// @ts-ignore: decorator
@inline function derivative(g: usize, h: usize, w: f32, l2: f32): f32 {
  const both: f32 = h ? load<f32>(g) + load<f32>(h) : load<f32>(g);
  return both + l2 * w;
}

/** v ← momentum v + d; θ ← θ - rate v. */
export function momentumStep(theta: usize, g: usize, h: usize, v: usize, count: u32, l2: f32, rate: f32, momentum: f32): void {
  const penalty = f32x4.splat(l2), eta = f32x4.splat(rate), mu = f32x4.splat(momentum);
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) {
    const at = i << 2;
    const w = v128.load(theta + at);
    const d = derivative4(g + at, h ? h + at : 0, w, penalty);
    const next = f32x4.add(f32x4.mul(mu, v128.load(v + at)), d);
    v128.store(v + at, next);
    v128.store(theta + at, f32x4.sub(w, f32x4.mul(eta, next)));
  }
  for (; i < count; i++) {
    const at = i << 2;
    const w = load<f32>(theta + at);
    const d = derivative(g + at, h ? h + at : 0, w, l2);
    const next: f32 = momentum * load<f32>(v + at) + d;
    store<f32>(v + at, next);
    store<f32>(theta + at, w - rate * next);
  }
}

/**
 * m ← β₁ m + (1 - β₁) d; s ← β₂ s + (1 - β₂) d²; θ ← θ - rate m / (scale √s + ε). Rate and scale hold the corrections of
 * the step; rest1 is 1 - β₁, rest2 is 1 - β₂.
 */
export function adamStep(theta: usize, g: usize, h: usize, m: usize, s: usize, count: u32, l2: f32, rate: f32, scale: f32, epsilon: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32): void {
  const penalty = f32x4.splat(l2), eta = f32x4.splat(rate), sigma = f32x4.splat(scale), small = f32x4.splat(epsilon);
  const b1 = f32x4.splat(beta1), c1 = f32x4.splat(rest1), b2 = f32x4.splat(beta2), c2 = f32x4.splat(rest2);
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) {
    const at = i << 2;
    const w = v128.load(theta + at);
    const d = derivative4(g + at, h ? h + at : 0, w, penalty);
    const mean = f32x4.add(f32x4.mul(b1, v128.load(m + at)), f32x4.mul(c1, d));
    const square = f32x4.add(f32x4.mul(b2, v128.load(s + at)), f32x4.mul(f32x4.mul(c2, d), d));
    v128.store(m + at, mean);
    v128.store(s + at, square);
    const spread = f32x4.add(f32x4.mul(sigma, f32x4.sqrt(square)), small);
    v128.store(theta + at, f32x4.sub(w, f32x4.div(f32x4.mul(eta, mean), spread)));
  }
  for (; i < count; i++) {
    const at = i << 2;
    const w = load<f32>(theta + at);
    const d = derivative(g + at, h ? h + at : 0, w, l2);
    const mean: f32 = beta1 * load<f32>(m + at) + rest1 * d;
    const square: f32 = beta2 * load<f32>(s + at) + rest2 * d * d;
    store<f32>(m + at, mean);
    store<f32>(s + at, square);
    store<f32>(theta + at, w - (rate * mean) / (scale * sqrt<f32>(square) + epsilon));
  }
}
