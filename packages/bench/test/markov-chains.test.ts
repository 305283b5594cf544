/** @file Laws of discrete chains: they add up, obey the data-processing inequality, and break it where they are no chain. */
import { createWasmRuntime, rootStream } from "@linear-probes/core";
import { expect, test } from "vitest";
import { chainProbe } from "../src/stages/chain-probes.ts";
import { bayesError, conditionalEntropyBits, drawChain, families, type Joint } from "../src/stages/markov-chains.ts";

const settings = { bits: 4, layers: 9, noise: 0.08 };
const drawn = new Map(
  families.map((family) => {
    const stream = rootStream("test/chains").split(family);
    return [family, Array.from({ length: 50 }, (_, i) => drawChain(family, settings, stream.split(i)))] as const;
  }),
);
const chainsOf = (family: (typeof families)[number]) => drawn.get(family) ?? [];
const steps = (values: readonly number[]) => values.slice(1).map((value, i) => value - (values[i] ?? 0));

test.each(families)("%s: every law sums to one, with the same labels at every layer", (family) => {
  for (const chain of chainsOf(family))
    for (const joint of chain) {
      const sums = joint.map((own) => own.reduce((sum, p) => sum + p, 0));
      expect(sums[0]! + sums[1]!).toBeCloseTo(1, 12);
      expect(sums[0]).toBeCloseTo(
        chain[0]![0]!.reduce((sum, p) => sum + p, 0),
        12,
      );
    }
});

test("H(Y | A) by hand: one bit of noise at rate 1/4 leaves h(1/4)", () => {
  const joint: Joint = [Float64Array.of(0.375, 0.125), Float64Array.of(0.125, 0.375)];
  expect(conditionalEntropyBits(joint)).toBeCloseTo(0.8112781244591328, 14);
  expect(bayesError(joint)).toBe(0.25);
});

test("the data-processing inequality (Cover & Thomas 2006, theorem 2.8.1) holds on chains and not across a skip", () => {
  for (const family of ["noisy", "merging"] as const)
    for (const chain of chainsOf(family))
      expect(Math.min(...steps(chain.map(conditionalEntropyBits)))).toBeGreaterThan(-1e-12);
  for (const chain of chainsOf("unfolding"))
    expect(Math.max(...steps(chain.map(conditionalEntropyBits)).map(Math.abs))).toBeLessThan(1e-12);
  for (const chain of chainsOf("skip"))
    expect(Math.min(...steps(chain.map(conditionalEntropyBits)))).toBeLessThan(-0.05);
});

test("a probe never beats Bayes, and reads off the sorted end of an unfolding what it could not read before", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  try {
    const chain = drawChain("unfolding", settings, rootStream("test/unfolding"));
    const probe = { rows: 2048, l2: 1e-5, relativeGap: 1e-5, passes: 400 };
    const fits = chain.map((joint) => chainProbe(runtime, joint, settings.bits, rootStream("p"), probe));
    for (const fit of fits) {
      expect(fit.certified).toBe(true);
      expect(fit.probeError).toBeGreaterThan(fit.bayesError - 1e-12);
    }
    const errors = fits.map(({ probeError }) => probeError);
    expect(errors.at(-1)).toBeLessThan(Math.max(...errors) - 0.1);
    expect(errors.at(-1)).toBeCloseTo(fits.at(-1)?.bayesError ?? 0, 12);
  } finally {
    await runtime.dispose();
  }
});
