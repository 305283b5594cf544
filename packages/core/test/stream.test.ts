/** @file Streams: equal paths give equal numbers, and the normals are normal. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError, rootStream } from "../src/index.ts";
import { LAYER_EDGES } from "../src/ziggurat.ts";

/** Φ(x), with erf by Abramowitz & Stegun 7.1.26 (error below 1.5e-7). */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.3275911 * (Math.abs(x) / Math.SQRT2));
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const upper = 0.5 * poly * Math.exp((-x * x) / 2);
  return x >= 0 ? 1 - upper : upper;
}

/** sqrt(n) · sup |F_n - Φ|; above 1.63 with probability 1 % for true normals (Kolmogorov). */
function kolmogorovSmirnov(sample: Float64Array): number {
  const sorted = sample.slice().sort();
  let distance = 0;
  sorted.forEach((x, i) => {
    const p = normalCdf(x);
    distance = Math.max(distance, Math.abs(p - i / sorted.length), Math.abs(p - (i + 1) / sorted.length));
  });
  return distance * Math.sqrt(sorted.length);
}

function moment(sample: Float64Array, order: number): number {
  return sample.reduce((sum, x) => sum + x ** order, 0) / sample.length;
}

describe("paths", () => {
  test("equal paths give equal numbers, whatever else was drawn", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(50), (label, drawn) => {
        const parent = rootStream(7);
        const first = parent.split(label);
        for (let i = 0; i < drawn; i++) parent.normal();
        const second = parent.split(label);
        expect(second.path).toBe(`7/${label}`);
        expect([second.uniform(), second.normal(), second.integer(1000)]).toEqual([
          first.uniform(),
          first.normal(),
          first.integer(1000),
        ]);
      }),
    );
  });

  test("fillBernoulli says of every number what comparing it would", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), (probability, label) => {
        const [filled, one] = [new Float32Array(100), rootStream(label)];
        rootStream(label).fillBernoulli(filled, probability, 2, -1);
        expect([...filled]).toEqual(Array.from({ length: 100 }, () => (one.uniform() < probability ? 2 : -1)));
      }),
    );
  });

  test("the numbers of one path, pinned", () => {
    const stream = rootStream("7/fig03/dataset-12/inputs");
    const normals = new Float64Array(3);
    stream.split("pinned").fillNormal(normals);
    expect([stream.uniform(), stream.normal(), stream.integer(1000), ...stream.permutation(5), ...normals])
      .toMatchInlineSnapshot(`
        [
          0.6821568959858268,
          -1.08616922620921,
          425,
          1,
          4,
          2,
          0,
          3,
          -0.7632590893568147,
          0.2902019396324532,
          0.11212298559524841,
        ]
      `);
  });
});

describe.each([
  [
    "normal",
    (out: Float64Array): void => {
      const stream = rootStream("normality");
      for (let i = 0; i < out.length; i++) out[i] = stream.normal();
    },
  ],
  ["fillNormal", (out: Float64Array): void => rootStream("normality").fillNormal(out)],
] as const)("%s", (_, fill) => {
  const n = 400_000;
  const sample = new Float64Array(n);
  fill(sample);

  test("has the moments of N(0, 1) within four standard errors", () => {
    expect(Math.abs(moment(sample, 1))).toBeLessThan(4 * Math.sqrt(1 / n));
    expect(Math.abs(moment(sample, 2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(sample, 3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(sample, 4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
  });

  test("passes Kolmogorov and Smirnov's test at 1 %", () => {
    expect(kolmogorovSmirnov(sample)).toBeLessThan(1.63);
  });

  test("has the tail of N(0, 1) beyond 3.654, on both sides", () => {
    const expected = n * normalCdf(-LAYER_EDGES[1]!); // about 52
    for (const sign of [-1, 1]) {
      const beyond = sample.reduce((count, x) => count + (sign * x > LAYER_EDGES[1]! ? 1 : 0), 0);
      expect(Math.abs(beyond - expected)).toBeLessThan(4 * Math.sqrt(expected));
    }
  });

  test("has no correlation between neighbours", () => {
    for (const lag of [1, 2, 3, 4]) {
      let product = 0;
      for (let i = lag; i < n; i++) product += sample[i]! * sample[i - lag]!;
      expect(Math.abs(product / n)).toBeLessThan(4 / Math.sqrt(n));
    }
  });
});

test("the layers of the ziggurat have equal areas and close at the top", () => {
  const density = (x: number): number => Math.exp(-0.5 * x * x);
  const area = LAYER_EDGES[0]! * density(LAYER_EDGES[1]!);
  for (let i = 1; i < 256; i++) {
    const layer = LAYER_EDGES[i]! * (density(LAYER_EDGES[i + 1]!) - density(LAYER_EDGES[i]!));
    expect(layer / area).toBeCloseTo(1, 9);
  }
});

test("permutations are permutations, and integers stay inside their bound", () => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(), (n, seed) => {
      const stream = rootStream(seed);
      expect([...stream.permutation(n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      expect(stream.integer(n + 1)).toBeLessThanOrEqual(n);
    }),
  );
  expect(() => rootStream(1).integer(Number.NaN)).toThrow(InputError);
});
