import { rootStream } from "@linear-probes/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReducer } from "../../src/onnx/reducers.ts";
import type { ReducedTap } from "../../src/onnx/reducers.ts";

const stream = rootStream("reducers");

function normals(name: string, count: number): Float32Array {
  return Float32Array.from(
    { length: count },
    (
      (own) => () =>
        own.normal()
    )(stream.split(name)),
  );
}

function apply(
  spec: string,
  tap: ReducedTap,
  values: Float32Array,
  rows: number,
  mask?: ArrayLike<number | bigint>,
): number[] {
  const reducer = createReducer(spec, tap, stream);
  const out = reducer.apply(values, rows, mask);
  expect(out.length).toBe(rows * reducer.cols);
  return [...out];
}

describe("random:N", () => {
  it("keeps N different features, in order, the same for every row, batch and checkpoint", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 400 }), fc.integer({ min: 1, max: 400 }), (features, count) => {
        fc.pre(count < features);
        const tap = { name: "t", shape: [features] };
        const numbered = Float32Array.from({ length: 2 * features }, (_, i) => i);
        const got = apply(`random:${count}`, tap, numbered, 2);
        const first = got.slice(0, count);
        expect(new Set(first).size).toBe(count);
        expect(first).toEqual(first.toSorted((a, b) => a - b));
        expect(got.slice(count)).toEqual(first.map((index) => index + features));
        expect(apply(`random:${count}`, tap, numbered.subarray(0, features), 1)).toEqual(first);
      }),
    );
  });

  it("depends on tap and seed, and is all features when there are no more", () => {
    const values = Float32Array.from({ length: 500 }, (_, i) => i);
    const of = (name: string, seed: string): number[] => [
      ...createReducer("random:20", { name, shape: [500] }, rootStream(seed)).apply(values, 1),
    ];
    expect(of("a", "1")).toEqual(of("a", "1"));
    expect(of("a", "1")).not.toEqual(of("b", "1"));
    expect(of("a", "1")).not.toEqual(of("a", "2"));
    expect(createReducer("random:500", { name: "a", shape: [500] }, stream).reduces).toBe(false);
  });

  it("takes every feature equally often", () => {
    const counts = new Float64Array(10);
    for (let i = 0; i < 2000; i++) {
      const reducer = createReducer("random:3", { name: `tap-${i}`, shape: [10] }, stream);
      for (const index of reducer.apply(
        Float32Array.from({ length: 10 }, (_, j) => j),
        1,
      ))
        counts[index]! += 1;
    }
    // Expected 600 each, standard deviation √(2000·0.3·0.7) = 20.5.
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(5 * 20.5);
  });
});

describe("pools", () => {
  const [channels, height, width] = [2, 3, 5];
  const first = Float32Array.from({ length: channels * height * width }, (_, i) => Math.sin(i));
  // The same image with channels last.
  const last = Float32Array.from(
    { length: first.length },
    (_, i) => first[(i % channels) * height * width + Math.floor(i / channels)] ?? 0,
  );
  const taps = {
    first: { name: "t", shape: [channels, height, width] },
    last: { name: "t", shape: [height, width, channels], layout: "channels-last" as const },
  };
  const channel = (c: number): number[] => [...first.subarray(c * height * width, (c + 1) * height * width)];
  const mean = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length;

  it("avgpool and maxpool are the mean and the maximum of each channel, in either layout", () => {
    for (const [tap, values] of [
      [taps.first, first],
      [taps.last, last],
    ] as const) {
      const average = apply("avgpool", tap, values, 1);
      for (const c of [0, 1]) expect(average[c]).toBeCloseTo(mean(channel(c)), 6);
      expect(apply("maxpool", tap, values, 1)).toEqual([Math.max(...channel(0)), Math.max(...channel(1))]);
    }
  });

  it("pool-to:N keeps the finest grid within N, and the two layouts agree", () => {
    const whole = createReducer("pool-to:30", taps.first, stream);
    expect(whole.reduces).toBe(false);
    // 2 channels in 12: at most 6 cells; 2 × 3 fits, 3 × 5 does not.
    const got = apply("pool-to:12", taps.first, first, 1);
    const at = (y: number, x: number): number => channel(0)[y * width + x] ?? Number.NaN;
    // Cell (0, 0) of 2 × 3 covers rows 0–1 and columns 0–1; cell (1, 2) covers rows 1–2 and columns 3–4.
    expect(got[0]).toBeCloseTo(mean([at(0, 0), at(0, 1), at(1, 0), at(1, 1)]), 6);
    expect(got[5]).toBeCloseTo(mean([at(1, 3), at(1, 4), at(2, 3), at(2, 4)]), 6);
    const other = apply("pool-to:12", taps.last, last, 1);
    for (const [i, value] of got.entries()) expect(other[(i % 6) * channels + Math.floor(i / 6)]).toBeCloseTo(value, 6);
  });

  it("leaves flat taps alone and refuses shapes that are no image", () => {
    expect(createReducer("avgpool", { name: "logits", shape: [10] }, stream).reduces).toBe(false);
    expect(() => createReducer("avgpool", { name: "tokens", shape: [4, 8] }, stream)).toThrow(
      /tap "tokens": needs rows of shape \[channels, height, width\], got "\[4, 8\]"/,
    );
  });
});

describe("sparse-projection:N", () => {
  it("keeps squared lengths in expectation", () => {
    const [features, count, rows] = [900, 300, 40];
    const values = normals("lengths", rows * features);
    const got = apply(`sparse-projection:${count}`, { name: "t", shape: [30, 30] }, values, rows);
    const norm = (from: ArrayLike<number>): number => Array.from(from, (x) => x * x).reduce((a, b) => a + b, 0);
    // Each of the 300 outputs has mean square ‖x‖²/300 and relative variance about 2: the ratio of sums is within 5 σ.
    expect(norm(got) / norm(values)).toBeCloseTo(1, 1);
    expect(Math.abs(norm(got) / norm(values) - 1)).toBeLessThan(5 * Math.sqrt(2 / (count * rows)) + 0.02);
  });

  it("is linear and repeatable", () => {
    const tap = { name: "t", shape: [200] };
    const [a, b] = [normals("a", 200), normals("b", 200)];
    const sum = apply(
      "sparse-projection:50",
      tap,
      a.map((x, i) => 2 * x + (b[i] ?? 0)),
      1,
    );
    const [pa, pb] = [apply("sparse-projection:50", tap, a, 1), apply("sparse-projection:50", tap, b, 1)];
    for (const [i, value] of sum.entries()) expect(value).toBeCloseTo(2 * (pa[i] ?? 0) + (pb[i] ?? 0), 4);
  });
});

describe("tokens", () => {
  const tap = { name: "hidden", shape: [3, 2] };
  const values = Float32Array.of(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60);

  it("cls takes the first token, mean-tokens the mean", () => {
    expect(apply("cls", tap, values, 2)).toEqual([1, 2, 10, 20]);
    expect(apply("mean-tokens", tap, values, 2)).toEqual([3, 4, 30, 40]);
  });

  it("mean-tokens leaves masked tokens out", () => {
    expect(apply("mean-tokens", tap, values, 2, BigInt64Array.of(1n, 1n, 0n, 0n, 0n, 0n))).toEqual([2, 3, 0, 0]);
  });
});

it("unknown or malformed reducers are refused", () => {
  const tap = { name: "t", shape: [4] };
  for (const spec of [
    "",
    "pca",
    "random",
    "random:0",
    "random:-1",
    "random:1e3",
    "random:x",
    "none:3",
    "cls:1",
    "\u001b[31m",
  ])
    expect(() => createReducer(spec, tap, stream), spec).toThrow(/^reducer/);
});
