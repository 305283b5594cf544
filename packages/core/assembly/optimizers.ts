/**
 * @file A step of an optimiser over `count` float32 parameters: computed in float64 and rounded when stored, operation
 * for operation as models' optimizer.ts does it, so that the bits are the same. Addresses are of the first number; h, the
 * gradient of a second shard, may be 0.
 */

// @ts-ignore: decorator
@inline function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1));
}

// @ts-ignore: decorator
@inline function store4(at: usize, a: v128, b: v128): void {
  v128.store(at, v128.shuffle<i64>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2));
}

/** (g + h) + l2 θ. */
// @ts-ignore: decorator
@inline function derivative(g: v128, h: v128, w: v128, l2: v128): v128 {
  return f64x2.add(f64x2.add(g, h), f64x2.mul(l2, w));
}

/** v ← momentum v + d; θ ← θ - rate v. */
export function momentumStep(theta: usize, g: usize, h: usize, v: usize, count: u32, l2: f64, rate: f64, momentum: f64): void {
  const penalty = f64x2.splat(l2), eta = f64x2.splat(rate), mu = f64x2.splat(momentum);
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) {
    const at = i << 2;
    const w = v128.load(theta + at), gg = v128.load(g + at), vv = v128.load(v + at);
    const hh = h ? v128.load(h + at) : f32x4.splat(0);
    const v0 = f64x2.add(f64x2.mul(mu, low(vv)), derivative(low(gg), low(hh), low(w), penalty));
    const v1 = f64x2.add(f64x2.mul(mu, high(vv)), derivative(high(gg), high(hh), high(w), penalty));
    store4(v + at, v0, v1);
    store4(theta + at, f64x2.sub(low(w), f64x2.mul(eta, v0)), f64x2.sub(high(w), f64x2.mul(eta, v1)));
  }
  for (; i < count; i++) {
    const at = i << 2;
    const w: f64 = load<f32>(theta + at);
    const d = <f64>load<f32>(g + at) + (h ? <f64>load<f32>(h + at) : 0) + l2 * w;
    const v0 = momentum * <f64>load<f32>(v + at) + d;
    store<f32>(v + at, <f32>v0);
    store<f32>(theta + at, <f32>(w - rate * v0));
  }
}

/**
 * m ← β₁ m + (1 - β₁) d; s ← β₂ s + (1 - β₂) d²; θ ← θ - rate m / (scale √s + ε). Rate and scale hold the corrections of
 * the step.
 */
export function adamStep(theta: usize, g: usize, h: usize, m: usize, s: usize, count: u32, l2: f64, rate: f64, scale: f64, epsilon: f64, beta1: f64, beta2: f64): void {
  const penalty = f64x2.splat(l2), eta = f64x2.splat(rate), sigma = f64x2.splat(scale), small = f64x2.splat(epsilon);
  const b1 = f64x2.splat(beta1), c1 = f64x2.splat(1 - beta1), b2 = f64x2.splat(beta2), c2 = f64x2.splat(1 - beta2);
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) {
    const at = i << 2;
    const w = v128.load(theta + at), gg = v128.load(g + at), mm = v128.load(m + at), ss = v128.load(s + at);
    const hh = h ? v128.load(h + at) : f32x4.splat(0);
    const d0 = derivative(low(gg), low(hh), low(w), penalty);
    const d1 = derivative(high(gg), high(hh), high(w), penalty);
    const m0 = f64x2.add(f64x2.mul(b1, low(mm)), f64x2.mul(c1, d0));
    const m1 = f64x2.add(f64x2.mul(b1, high(mm)), f64x2.mul(c1, d1));
    const s0 = f64x2.add(f64x2.mul(b2, low(ss)), f64x2.mul(f64x2.mul(c2, d0), d0));
    const s1 = f64x2.add(f64x2.mul(b2, high(ss)), f64x2.mul(f64x2.mul(c2, d1), d1));
    store4(m + at, m0, m1);
    store4(s + at, s0, s1);
    const q0 = f64x2.div(f64x2.mul(eta, m0), f64x2.add(f64x2.mul(sigma, f64x2.sqrt(s0)), small));
    const q1 = f64x2.div(f64x2.mul(eta, m1), f64x2.add(f64x2.mul(sigma, f64x2.sqrt(s1)), small));
    store4(theta + at, f64x2.sub(low(w), q0), f64x2.sub(high(w), q1));
  }
  for (; i < count; i++) {
    const at = i << 2;
    const w: f64 = load<f32>(theta + at);
    const d = <f64>load<f32>(g + at) + (h ? <f64>load<f32>(h + at) : 0) + l2 * w;
    const m0 = beta1 * <f64>load<f32>(m + at) + (1 - beta1) * d;
    const s0 = beta2 * <f64>load<f32>(s + at) + (1 - beta2) * d * d;
    store<f32>(m + at, <f32>m0);
    store<f32>(s + at, <f32>s0);
    store<f32>(theta + at, <f32>(w - (rate * m0) / (scale * sqrt(s0) + epsilon)));
  }
}
