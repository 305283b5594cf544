import { rootStream, sha256 } from "@linear-probes/core";
import { describe, expect, it } from "vitest";
import type { Engine, TrainingState } from "../../src/engines/engine.ts";
import { createOnnxEngine } from "../../src/engines/onnx.ts";
import { size } from "../../src/graph.ts";
import { initialParameters } from "../../src/graph-parameters.ts";
import { batchSource, rateAt, stepsOf, train } from "../../src/training.ts";
import type { Examples, TrainingSpec } from "../../src/training.ts";
import { smallConvnet } from "./graphs.ts";

const graph = smallConvnet();
const stream = rootStream("training-test");
const rows = 50;
const examples: Examples = {
  inputs: Float32Array.from({ length: rows * size(graph.inputShape) }, () => stream.normal()),
  labels: Int32Array.from({ length: rows }, () => stream.integer(graph.classes)),
};
const spec: TrainingSpec = {
  batch: 8,
  epochs: 4,
  optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  learningRate: { kind: "staircase", initial: 0.01, decay: 0.9 },
  order: "shuffled",
};

async function withEngine<T>(body: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = createOnnxEngine(graph, { batch: spec.batch, optimizer: spec.optimizer });
  engine.write({ step: 0, parameters: initialParameters(graph, stream.split("init")), accumulators: [] });
  try {
    return await body(engine);
  } finally {
    await engine.dispose();
  }
}

/** Of every bit of the state. */
function hashOf({ step, parameters, accumulators }: TrainingState): string {
  const values = [parameters, ...accumulators].flatMap((named) => [...named]);
  return sha256(JSON.stringify([step, values.map(([name, value]) => [name, sha256(new Uint8Array(value.buffer))])]));
}

const run = (given: Partial<Parameters<typeof train>[4]> = {}): Promise<string> =>
  withEngine(async (engine) => {
    await train(engine, graph, examples, spec, { stream: stream.split("train"), ...given });
    return hashOf(engine.read());
  });

describe("the training loop", () => {
  it("ends with the same bits when resumed from any checkpoint, in a fresh engine", async () => {
    const kept: TrainingState[] = [];
    const whole = await run({ checkpoints: [0, 3, 13], onCheckpoint: (state) => void kept.push(state) });
    expect(kept.map((state) => state.step)).toEqual([0, 3, 13]);
    for (const state of kept) expect(await run({ resumeFrom: state })).toBe(whole);
  });

  it("is not changed by probing: activations taken at checkpoints leave the same bits", async () => {
    const plain = await run();
    const probed = await withEngine(async (engine) => {
      await train(engine, graph, examples, spec, {
        stream: stream.split("train"),
        checkpoints: [0, 5, 10],
        onCheckpoint: async () => void (await engine.forward(examples.inputs, rows, graph.taps.slice(1))),
      });
      return hashOf(engine.read());
    });
    expect(probed).toBe(plain);
  });

  it("stops when asked, and says after which step", async () => {
    const controller = new AbortController();
    const result = await withEngine((engine) =>
      train(engine, graph, examples, spec, {
        stream,
        signal: controller.signal,
        onProgress: (step) => step === 4 && controller.abort(),
      }),
    );
    expect(result).toMatchObject({ status: "interrupted", step: 4 });
  });

  it("names divergence instead of going on", async () => {
    const wild: TrainingSpec = { ...spec, learningRate: { kind: "constant", rate: 1e30 } };
    const result = await withEngine((engine) => train(engine, graph, examples, wild, { stream }));
    expect(result.status).toBe("diverged");
  });
});

describe("the schedule", () => {
  const tutorial: TrainingSpec = {
    batch: 64,
    epochs: 10,
    optimizer: { kind: "momentum", momentum: 0.9 },
    learningRate: { kind: "staircase", initial: 0.01, decay: 0.95 },
    order: "wrapping",
  };

  it("counts steps and lowers the rate as TensorFlow's tutorial: 8,593 steps over 55,000 rows", () => {
    expect(stepsOf(tutorial, 55_000)).toBe(8593);
    expect(rateAt(tutorial, 55_000, 859)).toBe(0.01); // 859 · 64 = 54,976
    expect(rateAt(tutorial, 55_000, 860)).toBeCloseTo(0.0095, 12);
    expect(rateAt(tutorial, 55_000, 8592)).toBeCloseTo(0.01 * 0.95 ** 9, 12);
  });

  it("takes rows in stored order from (step · batch) mod (n - batch)", () => {
    const labels = Int32Array.from({ length: 20 }, (_, i) => i);
    const numbered = { inputs: new Float32Array(20 * size(graph.inputShape)), labels };
    const batches = batchSource(graph, numbered, { ...tutorial, batch: 8 }, stream);
    expect([...batches(1).labels]).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    expect([...batches(2).labels]).toEqual([4, 5, 6, 7, 8, 9, 10, 11]); // 16 mod 12 = 4
  });

  it("shuffles every epoch anew, each row at most once an epoch, whatever step comes first", () => {
    const labels = Int32Array.from({ length: 20 }, (_, i) => i);
    const numbered = { inputs: new Float32Array(20 * size(graph.inputShape)), labels };
    const source = (): ReturnType<typeof batchSource> =>
      batchSource(graph, numbered, { ...spec, batch: 5 }, stream.split("shuffle"));
    const batches = source();
    const epochs = [0, 1].map((epoch) => [0, 1, 2, 3].flatMap((part) => [...batches(epoch * 4 + part).labels]));
    for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual([...labels]);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(source()(6)).toEqual(batches(6));
  });

  it("turns about half of the images left to right, and no others, the same ones whatever step came first", () => {
    const numbered: Examples = {
      inputs: Float32Array.from({ length: 200 * size(graph.inputShape) }, (_, i) => i),
      labels: new Int32Array(200),
    };
    const source = (mirror?: true): ReturnType<typeof batchSource> =>
      batchSource(graph, numbered, { ...spec, batch: 100, ...(mirror && { mirror }) }, stream.split("mirror"));
    const [plain, turned] = [source()(1).inputs, source(true)(1).inputs];
    const [area, width] = [size(graph.inputShape), graph.inputShape.at(-1) ?? 1];
    let count = 0;
    for (let image = 0; image < plain.length; image += area) {
      const own = turned.slice(image, image + area);
      const flipped = own.map((_, i) => own[i - (i % width) + width - 1 - (i % width)]!);
      const same = own[0] === plain[image];
      expect(same ? own : flipped).toEqual(plain.slice(image, image + area));
      count += same ? 0 : 1;
    }
    expect(Math.abs(count - 50)).toBeLessThan(20); // four standard deviations of 100 fair draws
    const later = source(true);
    later(0);
    expect(later(1).inputs).toEqual(turned);
  });

  it("draws masks that keep the mean: about 1 - rate of them are 1/(1 - rate)", () => {
    const mask = batchSource(graph, examples, { ...spec, batch: 40 }, stream)(0).masks.get("dropped");
    const kept = mask?.filter((value) => value > 0) ?? [];
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.6)]));
    // 280 draws at 0.6: four standard deviations are 0.117.
    expect(Math.abs(kept.length / (mask?.length ?? 0) - 0.6)).toBeLessThan(0.117);
  });
});
