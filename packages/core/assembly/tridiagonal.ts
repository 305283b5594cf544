/**
 * @file Householder's reduction to tridiagonal form, for packages/core/src/linalg/tridiagonal.ts. Each step goes over its
 * matrix once: what the last reflection changes is taken away while the product with the next reflector is summed.
 * Rows are `stride` bytes apart, an even number of float64.
 */
import { mulAdd } from "./tiles";

/**
 * S [n, n] at `a`, lower triangle: T's diagonal [n] and off-diagonal [n - 1]; row m left of its diagonal ← v of the
 * reflector I - beta[m] v vᵀ, which acts on the first m coordinates. Room for four vectors of n + 2 at `work`.
 */
export function tridiagonalize(a: usize, stride: u32, n: u32, diagonal: usize, off: usize, beta: usize, work: usize): void {
  const bytes = (n + 2) * 8;
  // S is to lose v wᵀ + w vᵀ; p is the next v, y = S p.
  let v = work;
  const w = work + bytes;
  let p = work + 2 * bytes;
  const y = work + 3 * bytes;
  memory.fill(work, 0, 2 * bytes);
  for (let m = n - 1; m > 0; m--) {
    const row = a + m * stride;
    loseFromRow(row, m + 1, load<f64>(v + m * 8), load<f64>(w + m * 8), v, w);
    store<f64>(diagonal + m * 8, load<f64>(row + m * 8));
    memory.fill(p, 0, bytes);
    memory.copy(p, row, m * 8);
    const b = reflector(p, m, off + (m - 1) * 8);
    store<f64>(beta + m * 8, b);
    loseAndMultiply(a, stride, m, v, w, p, y);
    const half = 0.5 * b * dot(p, y, m);
    for (let i: u32 = 0; i < m; i++) {
      const at = i * 8;
      store<f64>(w + at, b * (load<f64>(y + at) - half * load<f64>(p + at)));
    }
    store<f64>(w + m * 8, 0);
    memory.copy(row, p, m * 8);
    const last = v;
    v = p;
    p = last;
  }
  loseFromRow(a, 1, load<f64>(v), load<f64>(w), v, w);
  store<f64>(diagonal, load<f64>(a));
}

/** x [m] ← v and returns beta, with (I - beta v vᵀ) x = ∓‖x‖ e_last, which goes to `off`; 0 where x is that already. */
function reflector(x: usize, m: u32, off: usize): f64 {
  const at = x + (m - 1) * 8;
  const last = load<f64>(at);
  const rest = dot(x, x, m - 1);
  store<f64>(off, last);
  if (!(rest > 0)) return 0;
  const length = sqrt(rest + last * last);
  const sum = last + (last >= 0 ? length : -length);
  store<f64>(off, last >= 0 ? -length : length);
  store<f64>(at, sum);
  return 2 / (rest + sum * sum);
}

function dot(a: usize, b: usize, count: u32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let i: u32 = 0;
  for (const whole = (count & ~3) * 8; i < whole; i += 32) {
    s0 = mulAdd<f64>(s0, v128.load(a + i), v128.load(b + i));
    s1 = mulAdd<f64>(s1, v128.load(a + i, 16), v128.load(b + i, 16));
  }
  s0 = f64x2.add(s0, s1);
  let sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
  for (; i < count * 8; i += 8) sum += load<f64>(a + i) * load<f64>(b + i);
  return sum;
}

/** row [count] -= vi w + wi v. */
function loseFromRow(row: usize, count: u32, vi: f64, wi: f64, v: usize, w: usize): void {
  for (let at: u32 = 0; at < count * 8; at += 8) {
    store<f64>(row + at, load<f64>(row + at) - (vi * load<f64>(w + at) + wi * load<f64>(v + at)));
  }
}

/** One vector of row `at` loses vi w + wi v. */
// @ts-ignore: decorator
@inline function lose(at: usize, vi: v128, wi: v128, vj: v128, wj: v128): v128 {
  const x = f64x2.sub(v128.load(at), mulAdd<f64>(f64x2.mul(vi, wj), wi, vj));
  v128.store(at, x);
  return x;
}

/** The leading [m, m] of S -= v wᵀ + w vᵀ, and y ← S p; each row of the lower triangle serves both. Two rows at a time. */
function loseAndMultiply(a: usize, stride: u32, m: u32, v: usize, w: usize, p: usize, y: usize): void {
  memory.fill(y, 0, (m + 1) * 8);
  let i: u32 = 0;
  for (; i + 1 < m; i += 2) {
    const at = i * 8;
    const r0 = a + i * stride;
    const r1 = r0 + stride;
    const v0 = v128.load64_splat(v + at);
    const v1 = v128.load64_splat(v + at, 8);
    const w0 = v128.load64_splat(w + at);
    const w1 = v128.load64_splat(w + at, 8);
    const p0 = v128.load64_splat(p + at);
    const p1 = v128.load64_splat(p + at, 8);
    let s0 = f64x2.splat(0);
    let s1 = s0;
    for (let j: u32 = 0; j < at; j += 16) {
      const vj = v128.load(v + j);
      const wj = v128.load(w + j);
      const pj = v128.load(p + j);
      const x0 = lose(r0 + j, v0, w0, vj, wj);
      const x1 = lose(r1 + j, v1, w1, vj, wj);
      s0 = mulAdd<f64>(s0, x0, pj);
      s1 = mulAdd<f64>(s1, x1, pj);
      v128.store(y + j, mulAdd<f64>(mulAdd<f64>(v128.load(y + j), x0, p0), x1, p1));
    }
    // The 2 × 2 block on the diagonal; what comes of the entry above it is never read.
    const vj = v128.load(v + at);
    const wj = v128.load(w + at);
    const x0 = lose(r0 + at, v0, w0, vj, wj);
    const x1 = lose(r1 + at, v1, w1, vj, wj);
    const below = f64x2.extract_lane(x1, 0);
    const first = load<f64>(p + at);
    const second = load<f64>(p + at, 8);
    const own = f64x2.extract_lane(x0, 0) * first + below * second;
    store<f64>(y + at, load<f64>(y + at) + own + f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1));
    const other = below * first + f64x2.extract_lane(x1, 1) * second;
    store<f64>(y + at, load<f64>(y + at, 8) + other + f64x2.extract_lane(s1, 0) + f64x2.extract_lane(s1, 1), 8);
  }
  if (i == m) return;
  const row = a + i * stride;
  loseFromRow(row, m, load<f64>(v + i * 8), load<f64>(w + i * 8), v, w);
  const pi = load<f64>(p + i * 8);
  for (let j: u32 = 0; j < i * 8; j += 8) store<f64>(y + j, load<f64>(y + j) + load<f64>(row + j) * pi);
  store<f64>(y + i * 8, dot(row, p, m));
}

/**
 * Q [n, n] ← H_{n-1} … H_1 from the reflectors that `tridiagonalize` left at `a` and `beta`. Room for two vectors of n + 2
 * at `work`.
 */
export function accumulateReflectors(a: usize, stride: u32, n: u32, beta: usize, q: usize, work: usize): void {
  const bytes = (n + 2) * 8;
  let u = work; // vᵀQ of the reflector that comes next
  let next = work + bytes;
  memory.fill(q, 0, n * stride);
  memory.fill(work, 0, 2 * bytes);
  for (let i: u32 = 0; i < n; i++) store<f64>(q + i * stride + i * 8, 1);
  if (n > 1) store<f64>(u, load<f64>(a + stride)); // v of reflector 1 has one entry
  for (let m: u32 = 1; m < n; m++) {
    const v = a + m * stride;
    const coming = m + 1 < n ? v + stride : v;
    memory.fill(next, 0, bytes);
    reflect(q, stride, m, load<f64>(beta + m * 8), v, u, coming, next);
    store<f64>(next + m * 8, load<f64>(coming + m * 8)); // row m of Q is that of the identity yet
    const last = u;
    u = next;
    next = last;
  }
}

/** The leading [m, m] of Q -= beta v uᵀ; next [m] ← comingᵀ Q. */
function reflect(q: usize, stride: u32, m: u32, beta: f64, v: usize, u: usize, coming: usize, next: usize): void {
  const bytes = m * 8;
  let i: u32 = 0;
  for (; i + 3 < m; i += 4) {
    const r0 = q + i * stride;
    const r1 = r0 + stride;
    const r2 = r1 + stride;
    const r3 = r2 + stride;
    const at = i * 8;
    const v0 = f64x2.splat(-beta * load<f64>(v + at));
    const v1 = f64x2.splat(-beta * load<f64>(v + at, 8));
    const v2 = f64x2.splat(-beta * load<f64>(v + at, 16));
    const v3 = f64x2.splat(-beta * load<f64>(v + at, 24));
    const c0 = v128.load64_splat(coming + at);
    const c1 = v128.load64_splat(coming + at, 8);
    const c2 = v128.load64_splat(coming + at, 16);
    const c3 = v128.load64_splat(coming + at, 24);
    for (let j: u32 = 0; j < bytes; j += 16) {
      const uj = v128.load(u + j);
      const x0 = mulAdd<f64>(v128.load(r0 + j), v0, uj);
      const x1 = mulAdd<f64>(v128.load(r1 + j), v1, uj);
      const x2 = mulAdd<f64>(v128.load(r2 + j), v2, uj);
      const x3 = mulAdd<f64>(v128.load(r3 + j), v3, uj);
      v128.store(r0 + j, x0);
      v128.store(r1 + j, x1);
      v128.store(r2 + j, x2);
      v128.store(r3 + j, x3);
      const sum = mulAdd<f64>(mulAdd<f64>(v128.load(next + j), x0, c0), x1, c1);
      v128.store(next + j, mulAdd<f64>(mulAdd<f64>(sum, x2, c2), x3, c3));
    }
  }
  for (; i < m; i++) {
    const row = q + i * stride;
    const vi = f64x2.splat(-beta * load<f64>(v + i * 8));
    const ci = v128.load64_splat(coming + i * 8);
    for (let j: u32 = 0; j < bytes; j += 16) {
      const x = mulAdd<f64>(v128.load(row + j), vi, v128.load(u + j));
      v128.store(row + j, x);
      v128.store(next + j, mulAdd<f64>(v128.load(next + j), x, ci));
    }
  }
}
