import { InputError, rootStream } from "@linear-probes/core";
import { expect, it } from "vitest";
import { chooseTaps } from "../../src/onnx/auto-taps.ts";
import { readModel } from "../../src/onnx/read-model.ts";
import { openModel } from "../../src/onnx/tapped-model.ts";
import { listTaps } from "../../src/onnx/taps.ts";
import { makeFixtures } from "./make-fixtures.ts";
import { mutateStructure } from "./mutate-structure.ts";
import { mutate } from "./mutate.ts";

const fixtures = makeFixtures();

function damaged(kind: "bytes" | "structure", i: number): Uint8Array {
  const stream = rootStream("onnx-fuzz").split(kind).split(i);
  const bytes = fixtures[i % fixtures.length]?.bytes ?? new Uint8Array(0);
  const other = fixtures[stream.integer(fixtures.length)]?.bytes ?? bytes;
  return kind === "bytes" ? mutate(stream, bytes, other) : mutateStructure(stream, bytes);
}

/** Reads, or refuses with an InputError; anything else fails the test. */
function survives(bytes: Uint8Array): boolean {
  try {
    const { graph, ...model } = readModel(bytes);
    chooseTaps(graph, listTaps({ graph, ...model }));
    return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return false;
  }
}

it("10,000 files with damaged bytes and 5,000 with damaged meaning are read or refused", { timeout: 30_000 }, () => {
  let read = 0;
  for (let i = 0; i < 10_000; i++) if (survives(damaged("bytes", i))) read += 1;
  // Both kinds occur, or the damage would be too small or too great to test anything.
  expect(read).toBeGreaterThan(300);
  expect(read).toBeLessThan(5000);
  let meaningful = 0;
  for (let i = 0; i < 5000; i++) if (survives(damaged("structure", i))) meaningful += 1;
  expect(meaningful).toBeGreaterThan(1000);
  expect(meaningful).toBeLessThan(4000);
});

it("those that read well are run or refused, in a process of their own", { timeout: 60_000 }, async () => {
  let ran = 0;
  let tried = 0;
  for (let i = 0; tried < 6; i++) {
    const bytes = damaged("structure", i);
    if (!survives(bytes)) continue;
    tried += 1;
    try {
      await openModel(bytes, { limitSeconds: 3 });
      ran += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
    }
  }
  expect(ran).toBeGreaterThan(0);
});
