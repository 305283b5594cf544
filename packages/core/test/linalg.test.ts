/** @file Linear algebra by its defining identities. */
import { expect, test } from "vitest";
import { choleskyFactor, choleskySolve, keepFactor, keepSingleFactor } from "../src/linalg/cholesky.ts";
import { conjugateGradients } from "../src/linalg/conjugate-gradients.ts";
import { jacobiEigen } from "../src/linalg/jacobi.ts";
import { symmetricEigen } from "../src/linalg/symmetric-eigen.ts";
import { solveShifted, tridiagonalize } from "../src/linalg/tridiagonal.ts";
import { rootStream } from "../src/stream.ts";

const stream = rootStream("linalg");

/** A Aᵀ/n + ridge·I for a random A. */
function positive(n: number, ridge = 0.01): Float64Array {
  const a = Float64Array.from({ length: n * n }, () => stream.normal());
  const s = product(a, transpose(a, n), n).map((value) => value / n);
  for (let i = 0; i < n; i++) s[i * n + i]! += ridge;
  return s;
}

function transpose(a: Float64Array, n: number): Float64Array {
  return a.map((_, at) => a[(at % n) * n + Math.floor(at / n)]!);
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < n; l++) for (let j = 0; j < n; j++) out[i * n + j]! += a[i * n + l]! * b[l * n + j]!;
  }
  return out;
}

function times(a: Float64Array, v: Float64Array): Float64Array {
  const n = v.length;
  return v.map((_, i) => v.reduce((sum, value, j) => sum + a[i * n + j]! * value, 0));
}

function largest(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
}

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
}

/** What writes the lower triangle of A [n, n] to where a factor is made. */
function lowerOf(a: Float64Array, n: number) {
  return (room: Float32Array | Float64Array, stride: number): void => {
    for (let i = 0; i < n; i++) room.set(a.subarray(i * n, i * n + i + 1), i * stride);
  };
}

test.each([1, 2, 5, 33, 64, 70, 131])("cholesky: L Lᵀ = A and A x = b, n = %i", (n) => {
  const a = positive(n);
  const l = choleskyFactor(a, n) ?? new Float64Array();
  expect(largest(product(l, transpose(l, n), n), a)).toBeLessThan(1e-13);
  const b = Float64Array.from({ length: n }, () => stream.normal());
  expect(largest(times(a, choleskySolve(l, n, b)), b)).toBeLessThan(1e-11);
  const kept = keepFactor(n, lowerOf(a, n));
  expect(largest(times(a, kept?.solve(b) ?? new Float64Array()), b)).toBeLessThan(1e-11);
  kept?.release();
});

test.each([1, 2, 5, 33, 64, 70, 131])("cholesky in float32: L Lᵀ = A and A x = b, n = %i", (n) => {
  const a = positive(n);
  const kept = keepSingleFactor(n, lowerOf(a, n));
  const l = new Float64Array(n * n);
  kept?.read(l);
  expect(largest(product(l, transpose(l, n), n), a)).toBeLessThan(2e-6);
  const b = Float64Array.from({ length: n }, () => stream.normal());
  expect(largest(times(a, kept?.solve(b) ?? new Float64Array()), b)).toBeLessThan(1e-3);
  kept?.release();
  const wrong = a.slice();
  wrong[n * n - 1] = -1;
  expect(keepSingleFactor(n, lowerOf(wrong, n))).toBeUndefined();
  wrong[0] = Number.NaN;
  expect(keepSingleFactor(n, lowerOf(wrong, n))).toBeUndefined();
});

test("cholesky: an indefinite matrix has no factor", () => {
  expect(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
  expect(choleskyFactor(Float64Array.of(Number.NaN), 1)).toBeUndefined();
  for (const [at, wrong] of [
    [69 * 70 + 69, -1],
    [10 * 70 + 3, Number.NaN],
    [0, 0],
  ] as const) {
    const large = positive(70);
    large[at] = wrong;
    expect(choleskyFactor(large, 70)).toBeUndefined();
  }
});

test.each([1, 2, 10])("jacobi: A = U diag(λ) Uᵀ, UᵀU = I, n = %i", (n) => {
  const a = positive(n);
  const { values, vectors } = jacobiEigen(a, n);
  const scaled = vectors.map((value, at) => value * values[at % n]!);
  expect(largest(product(scaled, transpose(vectors, n), n), a)).toBeLessThan(1e-13);
  expect(largest(product(transpose(vectors, n), vectors, n), identity(n))).toBeLessThan(1e-13);
});

test("jacobi: a class covariance is singular along (1, …, 1)", () => {
  const p = [0.5, 0.3, 0.2];
  const m = Float64Array.from({ length: 9 }, (_, at) => {
    const [a, b] = [Math.floor(at / 3), at % 3];
    return (a === b ? (p[a] ?? 0) : 0) - (p[a] ?? 0) * (p[b] ?? 0);
  });
  expect(Math.min(...jacobiEigen(m, 3).values)).toBeCloseTo(0, 15);
});

/** I and three directions more: n - 3 equal eigenvalues, after which the reduction finds only rounding. */
function degenerate(n: number): Float64Array {
  const s = identity(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) for (let c = 1; c < 4; c++) s[i * n + j]! += (Math.sin(c * i) * Math.sin(c * j)) / n;
  }
  return s;
}

test.each([
  ...[1, 2, 3, 40, 129].map((n) => ({ kind: "random", n, s: positive(n) })),
  ...[6, 131].map((n) => ({ kind: "degenerate", n, s: degenerate(n) })),
])("tridiagonal: S = Q T Qᵀ, QᵀQ = I, $kind, n = $n", ({ n, s }) => {
  const { diagonal, offDiagonal, q } = tridiagonalize(s, n);
  const t = new Float64Array(n * n);
  for (let i = 0; i < n; i++) t[i * n + i] = diagonal[i]!;
  for (let i = 0; i + 1 < n; i++) t[i * n + i + 1] = t[(i + 1) * n + i] = offDiagonal[i]!;
  expect(largest(product(product(q, t, n), transpose(q, n), n), s)).toBeLessThan(1e-12);
  expect(largest(product(transpose(q, n), q, n), identity(n))).toBeLessThan(1e-12);
});

test("tridiagonal: zero and diagonal matrices, as constant columns give, reduce to themselves", () => {
  const s = Float64Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? at : 0));
  const { diagonal, offDiagonal } = tridiagonalize(s, 4);
  expect([...diagonal]).toEqual([0, 5, 10, 15]);
  expect([...offDiagonal].map(Math.abs)).toEqual([0, 0, 0]);
});

test("a shifted solve inverts λT + τI", () => {
  const n = 20;
  const s = positive(n);
  const reduced = tridiagonalize(s, n);
  const b = Float64Array.from({ length: n }, () => stream.normal());
  const x = times(transpose(reduced.q, n), b);
  solveShifted(reduced, 0.3, 1e-3, x);
  const solved = times(reduced.q, x);
  const image = times(s, solved).map((value, i) => 0.3 * value + 1e-3 * solved[i]!);
  expect(largest(image, b)).toBeLessThan(1e-11);
});

test("conjugate gradients solve in as many iterations as there are distinct eigenvalues", () => {
  const a = Float64Array.from({ length: 36 }, (_, at) => (at % 7 === 0 ? (at < 18 ? 2 : 5) : 0));
  const b = Float64Array.of(1, 2, 3, 4, 5, 6);
  let products = 0;
  const x = conjugateGradients(b, {
    apply: (v) => ((products += 1), times(a, v)),
    precondition: (r) => r.slice(),
    tolerance: 1e-12,
    maxIterations: 50,
  });
  expect(products).toBe(2);
  expect(largest(times(a, x), b)).toBeLessThan(1e-12);
});

test.each([1, 2, 3, 40])("symmetric eigen: A axisⱼ = valueⱼ axisⱼ, axes orthonormal, n = %i", (n) => {
  const a = positive(n);
  const { values, axes } = symmetricEigen(a, n);
  for (let j = 0; j < n; j++) {
    const axis = axes.slice(j * n, (j + 1) * n);
    expect(
      largest(
        times(a, axis),
        axis.map((x) => x * values[j]!),
      ),
    ).toBeLessThan(1e-13);
  }
  expect(largest(product(axes, transpose(axes, n), n), identity(n))).toBeLessThan(1e-13);
});

test("symmetric eigen: equal values, zeros and a rank of one", () => {
  expect([...symmetricEigen(identity(4), 4).values]).toEqual([1, 1, 1, 1]);
  const v = Float64Array.from({ length: 20 }, (_, i) => 1 + i);
  const { values, axes } = symmetricEigen(
    Float64Array.from({ length: 400 }, (_, at) => v[at % 20]! * v[Math.floor(at / 20)]!),
    20,
  );
  const norm = v.reduce((sum, x) => sum + x * x, 0);
  const sorted = values.toSorted();
  expect(sorted[19]).toBeCloseTo(norm, 9);
  for (const value of sorted.subarray(0, 19)) expect(Math.abs(value)).toBeLessThan(1e-12 * norm);
  expect(largest(product(axes, transpose(axes, 20), 20), identity(20))).toBeLessThan(1e-13);
});

test("cholesky: factors kept at the same time do not disturb one another, nor do rooms that are used again", () => {
  const [n, m] = [70, 131];
  const [a, c] = [positive(n), positive(m)];
  const b = Float64Array.from({ length: n }, () => stream.normal());
  keepFactor(n, lowerOf(positive(n), n))?.release();
  const first = keepFactor(n, lowerOf(a, n));
  const before = first?.solve(b);
  const second = keepFactor(m, lowerOf(c, m));
  const third = keepFactor(n, lowerOf(positive(n), n));
  expect(first?.solve(b)).toEqual(before);
  expect(largest(times(a, before ?? b), b)).toBeLessThan(1e-11);
  for (const one of [first, second, third]) one?.release();
});
