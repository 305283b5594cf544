/**
 * @file Cholesky factors A = L Lᵀ of symmetric positive definite matrices, float64, row-major (Golub & Van Loan 2013,
 * alg. 4.2.1, row by row so that every inner product runs along memory). Large ones are factored in WebAssembly.
 */
import { denseModule, giveBackRoom, takeRoom, viewRoom, viewSingle } from "./dense-module.ts";
import { dot } from "./vector.ts";

/** From here on copying to the module's memory and back costs little beside the factor. */
const COMPILED_FROM = 64;

/** L [n, n], zero above the diagonal; undefined when A is not positive definite to working precision. */
export function choleskyFactor(a: Float64Array, n: number): Float64Array | undefined {
  const l = new Float64Array(n * n);
  if (n >= COMPILED_FROM) {
    const fill = (room: Float64Array, stride: number): void => {
      for (let i = 0; i < n; i++) room.set(a.subarray(i * n, i * n + i + 1), i * stride);
    };
    const kept = keepFactor(n, fill);
    kept?.read(l);
    kept?.release();
    return kept && l;
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = a[i * n + j]! - dot(l.subarray(i * n, i * n + j), l.subarray(j * n, j * n + j));
      if (i > j) l[i * n + j] = sum / l[j * n + j]!;
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return l;
}

/** A factor that stays where it was made, until it is released. */
export interface KeptFactor {
  /** A⁻¹ b, a new array. */
  solve(b: Float64Array): Float64Array;
  /** The lower triangle of `into` [n, n] ← L. */
  read(into: Float64Array): void;
  release(): void;
}

/**
 * The factor of the A [n, n] whose lower triangle `fill` writes, rows `stride` numbers apart; undefined when A is not
 * positive definite to working precision.
 */
export function keepFactor(n: number, fill: (lower: Float64Array, stride: number) => void): KeptFactor | undefined {
  return keep(double, n, fill);
}

/** In float32, in half the time: for preconditioners. */
export function keepSingleFactor(
  n: number,
  fill: (lower: Float32Array, stride: number) => void,
): KeptFactor | undefined {
  return keep(single, n, fill);
}

interface Precision<A> {
  readonly factor: (at: number, n: number) => boolean;
  readonly solve: (at: number, n: number, x: number) => void;
  readonly view: (at: number, count: number) => A;
  /** In float64 numbers; of counts that are multiples of four. */
  readonly roomFor: (count: number) => number;
}

const double: Precision<Float64Array> = {
  factor: (at, n) => denseModule().choleskyFactor(at, n) !== 0,
  solve: (at, n, x) => denseModule().choleskySolve(at, n, x),
  view: viewRoom,
  roomFor: (count) => count,
};

const single: Precision<Float32Array> = {
  factor: (at, n) => denseModule().choleskyFactorSingle(at, n) !== 0,
  solve: (at, n, x) => denseModule().choleskySolveSingle(at, n, x),
  view: viewSingle,
  roomFor: (count) => count / 2,
};

function keep<A extends Float32Array | Float64Array>(
  { factor, solve, view, roomFor }: Precision<A>,
  n: number,
  fill: (lower: A, stride: number) => void,
): KeptFactor | undefined {
  const size = 4 * Math.ceil(n / 4); // bordered by the identity to a multiple of four
  const room = roomFor(size * size);
  const at = takeRoom(room);
  const release = (): void => giveBackRoom(at, room);
  let made = false;
  try {
    const inside = view(at, size * size);
    fill(inside, size);
    for (let i = n; i < size; i++) {
      inside.fill(0, i * size, i * size + i);
      inside[i * size + i] = 1;
    }
    made = factor(at, size);
  } finally {
    if (!made) release();
  }
  if (!made) return undefined;
  return {
    solve(b) {
      const x = takeRoom(roomFor(size));
      const inside = view(x, size);
      inside.fill(0, n);
      inside.set(b);
      solve(at, size, x);
      giveBackRoom(x, roomFor(size));
      return new Float64Array(inside.subarray(0, n));
    },
    read(into) {
      const l = view(at, size * size);
      for (let i = 0; i < n; i++) into.set(l.subarray(i * size, i * size + i + 1), i * n);
    },
    release,
  };
}

/** A⁻¹ b for a factor of A. */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array): Float64Array {
  const x = b.slice();
  for (let i = 0; i < n; i++) x[i] = (x[i]! - dot(l.subarray(i * n, i * n + i), x.subarray(0, i))) / l[i * n + i]!;
  for (let i = n - 1; i >= 0; i--) {
    const value = x[i]! / l[i * n + i]!;
    x[i] = value;
    for (let j = 0; j < i; j++) x[j]! -= l[i * n + j]! * value;
  }
  return x;
}
