/** @file Both builds of the kernels round sums of products as they say. */
import { describe, expect, test } from "vitest";
import { arithmetic, type Arithmetic } from "../src/arithmetic.ts";
import { createWasmRuntime } from "../src/kernels/wasm.ts";

/** -1 + (1 + 2⁻¹²)² in the first lane of two vectors: 2⁻¹¹ + 2⁻²⁴, of which float32 products lose the last term. */
async function sumOf(build?: Arithmetic): Promise<number | undefined> {
  const runtime = await createWasmRuntime({ threads: 1, ...(build !== undefined && { arithmetic: build }) });
  const near = 1 + 2 ** -12;
  const writer = runtime.createFeatures({ rows: 2, cols: 5 });
  writer.write(0, Float32Array.of(-1, 0, 0, 0, near, 0, 0, 0, 0, 0));
  const kernels = runtime.bind(writer.finish(), { labels: Int32Array.of(0, 1), classes: 2 });
  const margins = kernels.createMargins();
  kernels.forward(Float64Array.of(1, 0, 0, 0, near, 0, 0, 0, 0, 0), new Float64Array(2), margins);
  const [margin] = margins.read();
  await runtime.dispose();
  return margin;
}

describe("a sum of products is rounded", () => {
  test("twice by the separate build", async () => expect(await sumOf("separate")).toBe(2 ** -11));

  test("as this machine's arithmetic says by the build chosen for it", async () => {
    const once = 2 ** -11 + 2 ** -24;
    expect(await sumOf()).toBe(arithmetic() === "fused" ? once : 2 ** -11);
    expect(await sumOf()).toBe(await sumOf(arithmetic()));
  });
});
