/** @file Models of TensorFlow.js as tapped models: taps and values against running the layers one by one, and bad files. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { InputError, rootStream, type Stream } from "@linear-probes/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadTfjs } from "../../src/engines/tfjs/load.ts";
import { twinOf } from "../../src/foreign-model.ts";
import { chooseTaps } from "../../src/onnx/auto-taps.ts";
import { arraySource } from "../../src/onnx/inputs.ts";
import { inspectModel } from "../../src/onnx/inspect-model.ts";
import { openLanes, releaseLanes, writeTapActivations } from "../../src/onnx/tap-activations.ts";
import { openModel } from "../../src/onnx/tapped-model.ts";
import type { TappedModel } from "../../src/onnx/tapped-model.ts";
import { listTaps } from "../../src/onnx/taps.ts";
import { readTfjs } from "../../src/tfjs-model/read-tfjs.ts";
import { mutate } from "../onnx/mutate.ts";

const folder = mkdtempSync(join(tmpdir(), "tfjs-models-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  await loadTfjs("wasm");
});

const rows = 5;
const shape = [6, 6, 2];
const pixels = new Float32Array(rows * 72);
rootStream("tfjs/pixels").fillNormal(pixels);

function normal(name: string, count: number): Float32Array {
  const values = new Float32Array(count);
  rootStream("tfjs").split(name).fillNormal(values);
  return values;
}

/** Writes model.json and its weights, in two files. */
function save(
  name: string,
  topology: object,
  specs: readonly object[],
  weights: Uint8Array,
  more: object = {},
): string {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const half = Math.floor(weights.length / 2);
  writeFileSync(join(home, "a.bin"), weights.subarray(0, half));
  writeFileSync(join(home, "b.bin"), weights.subarray(half));
  const weightsManifest = [{ paths: ["a.bin", "b.bin"], weights: specs }];
  writeFileSync(join(home, "model.json"), JSON.stringify({ modelTopology: topology, weightsManifest, ...more }));
  return join(home, "model.json");
}

/** Values [rows, features] of every tap, by name. */
async function collect(
  tapped: TappedModel,
  name: string,
  threads: number,
  reducer = "none",
): Promise<Map<string, Float32Array>> {
  const taps = tapped.select(["all"]);
  const lanes = await openLanes(tapped.model, tapped.plan, taps, { stream: "1", batch: 2, reducer }, threads);
  try {
    const cols = lanes[0]?.cols ?? [];
    const places = cols.map((count) => new Float32Array(rows * count));
    const writers = places.map((place, i) => ({
      write: (start: number, block: Float32Array) => place.set(block, start * (cols[i] ?? 0)),
    }));
    await writeTapActivations(lanes, arraySource({ [name]: { data: pixels, shape } }), writers);
    return new Map(taps.map((tap, i) => [tap.name, places[i] ?? new Float32Array(0)]));
  } finally {
    await releaseLanes(lanes);
  }
}

function expectClose(got: Float32Array | undefined, want: tf.Tensor, name: string): void {
  const values = want.dataSync();
  expect(got?.length, name).toBe(values.length);
  const scale = Math.max(...values.map(Math.abs));
  for (const [i, value] of values.entries())
    expect(Math.abs((got?.[i] ?? Number.NaN) - value), name).toBeLessThanOrEqual(1e-5 * scale);
}

describe("a layers model", () => {
  const x = tf.input({ shape, name: "x" });
  const conv = tf.layers.conv2d({ filters: 3, kernelSize: 3, padding: "same", name: "conv" });
  const relu = tf.layers.activation({ activation: "relu", name: "relu" });
  const gate = tf.layers.conv2d({ filters: 3, kernelSize: 1, activation: "sigmoid", name: "gate" });
  const join_ = tf.layers.concatenate({ name: "join" });
  const pool = tf.layers.maxPooling2d({ poolSize: 2, name: "pool" });
  const flat = tf.layers.flatten({ name: "flat" });
  const dense = tf.layers.dense({ units: 4, name: "dense" });
  let path: string;
  let tapped: TappedModel;
  /** Layer by layer, each on the values of those before it. */
  let expected: Map<string, tf.Tensor>;

  beforeAll(async () => {
    const rectified = symbolic(relu.apply(conv.apply(x)));
    const joined = join_.apply([rectified, symbolic(gate.apply(rectified))]);
    const net = tf.model({ inputs: x, outputs: symbolic(dense.apply(flat.apply(pool.apply(joined)))) });
    for (const layer of net.layers)
      layer.setWeights(
        layer.weights.map(({ name, shape }) =>
          tf.tensor(normal(name, tf.util.sizeFromShape(shape.map(Number))), shape.map(Number)),
        ),
      );
    await net.save({
      async save({ modelTopology = {}, weightSpecs = [], weightData }) {
        const bytes = new Uint8Array(weightData instanceof ArrayBuffer ? weightData : new ArrayBuffer(0));
        path = save("layers", modelTopology, weightSpecs, bytes, { format: "layers-model", generatedBy: "the tests" });
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
      },
    });
    tapped = await openModel(path); // in a process of its own, as every foreign model
    const input = tf.tensor(pixels, [rows, ...shape]);
    const steps: [string, tf.Tensor][] = [["x", input]];
    const step = (layer: tf.layers.Layer, from: readonly string[]): void => {
      const values = from.map((name) => new Map(steps).get(name) ?? input);
      const made = layer.apply(values.length === 1 ? (values[0] ?? input) : values);
      if (made instanceof tf.Tensor) steps.push([layer.name, made]);
    };
    step(conv, ["x"]);
    step(relu, ["conv"]);
    step(gate, ["relu"]);
    step(join_, ["relu", "gate"]);
    step(pool, ["join"]);
    step(flat, ["pool"]);
    step(dense, ["flat"]);
    expected = new Map(steps);
  });

  it("has every layer as a tap, in depth order, with its shape and the file's word for it", async () => {
    expect(
      tapped.taps.map(({ name, operator, ...tap }) => [name, operator, "shape" in tap ? tap.shape : "refused"]),
    ).toEqual([
      ["x", "input", [6, 6, 2]],
      ["conv", "Conv2D", [6, 6, 3]],
      ["relu", "Activation", [6, 6, 3]],
      ["gate", "Conv2D", [6, 6, 3]],
      ["join", "Concatenate", [6, 6, 6]],
      ["pool", "MaxPooling2D", [3, 3, 6]],
      ["flat", "Flatten", [54]],
      ["dense", "Dense", [4]],
    ]);
    expect(tapped.select(["auto"]).map(({ name }) => name)).toEqual(["x", "relu", "gate", "join", "pool", "dense"]);
    expect(tapped.select(["op:conv2d"]).map(({ name }) => name)).toEqual(["conv", "gate"]);
    const inspected = await inspectModel(path, { isolated: false });
    expect(inspected).toMatchObject({
      name: "layers/model.json",
      format: "TensorFlow.js layers model, on wasm",
      producer: "the tests",
      inputs: ["x float32 [?, 6, 6, 2]"],
      fixedBatch: null,
    });
  });

  it("gives the values of the layers run one by one, whatever the threads", async () => {
    const got = await collect(tapped, "x", 1);
    expect([...got.keys()]).toEqual([...expected.keys()]);
    for (const [name, want] of expected) expectClose(got.get(name), want, name);
    expect(await collect(tapped, "x", 2)).toEqual(got);
  });

  it("knows where its channels are", async () => {
    const got = await collect({ ...tapped, select: () => tapped.select(["relu"]) }, "x", 1, "avgpool");
    expectClose(got.get("relu"), tf.mean(expected.get("relu") ?? tf.scalar(0), [1, 2]), "relu");
  });

  it("has an untrained twin", async () => {
    const twin = await openModel(await twinOf(tapped.model, rootStream("twin")), { isolated: false });
    expect(twin.taps.map(({ name }) => name)).toEqual(tapped.taps.map(({ name }) => name));
    const [own, other] = [await collect(tapped, "x", 1), await collect(twin, "x", 2)];
    expect(other.get("x")).toEqual(own.get("x"));
    expect(other.get("conv")).not.toEqual(own.get("conv"));
  });
});

describe("models used as layers", () => {
  const conv = (filters: number, name: string) =>
    tf.layers.conv2d({ filters, kernelSize: 3, padding: "same", activation: "relu", name });
  const dense = (units: number, name: string) => tf.layers.dense({ units, name });
  /** A layer that is called twice, and one, without weights, whose name is also used outside. */
  const inner = () => {
    const a = tf.input({ shape: [6, 6, 2], name: "a" });
    const twice = conv(2, "conv1");
    const once = symbolic(twice.apply(a));
    const sum = tf.layers.add({ name: "sum" });
    return tf.model({ inputs: a, outputs: symbolic(sum.apply([once, symbolic(twice.apply(once))])), name: "block" });
  };
  const head = () => {
    const layers = [tf.layers.flatten({ name: "flat", inputShape: [6, 6, 2] }), dense(3, "fc")];
    return tf.sequential({ layers, name: "head" });
  };

  /** Writes the model with drawn weights, reads it as a file, and runs all its taps. */
  async function throughFile(name: string, net: tf.LayersModel) {
    net.setWeights(
      net.weights.map(({ name, shape }) =>
        tf.tensor(normal(name, tf.util.sizeFromShape(shape.map(Number))), shape.map(Number)),
      ),
    );
    let path = "";
    await net.save({
      async save({ modelTopology = {}, weightSpecs = [], weightData }) {
        const bytes = new Uint8Array(weightData instanceof ArrayBuffer ? weightData : new ArrayBuffer(0));
        path = save(name, modelTopology, weightSpecs, bytes, { format: "layers-model" });
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
      },
    });
    return openModel(path, { isolated: false });
  }
  const run = (layer: tf.layers.Layer | undefined, ...from: (tf.Tensor | undefined)[]): tf.Tensor => {
    const values = from.map((value) => value ?? tf.scalar(0));
    const made = layer?.apply(values.length === 1 ? (values[0] ?? tf.scalar(0)) : values);
    if (made instanceof tf.Tensor) return made;
    throw new Error("no such layer");
  };
  const input = () => tf.tensor(pixels, [rows, ...shape]);

  it("are taps layer by layer, at every call, with the values of their layers run one by one", async () => {
    const [block, top] = [inner(), head()];
    const x = tf.input({ shape, name: "x" });
    const first = symbolic(block.apply(x));
    const again = symbolic(block.apply(symbolic(tf.layers.reLU({ name: "sum" }).apply(first))));
    const tapped = await throughFile("nested", tf.model({ inputs: x, outputs: symbolic(top.apply(again)) }));
    expect(tapped.taps.map(({ name, operator }) => [name, operator])).toEqual([
      ["x", "input"],
      ["block/conv1", "Conv2D"],
      ["block/conv1/1", "Conv2D"],
      ["block/sum", "Add"],
      ["block", "Model"],
      ["sum", "ReLU"],
      ["block/1/conv1", "Conv2D"],
      ["block/1/conv1/1", "Conv2D"],
      ["block/1/sum", "Add"],
      ["block/1", "Model"],
      ["head/flat", "Flatten"],
      ["head/fc", "Dense"],
      ["head", "Sequential"],
    ]);
    const got = await collect(tapped, "x", 1);
    const twice = block.getLayer("conv1");
    let value = input();
    for (const prefix of ["block", "block/1"]) {
      const [once, second] = [run(twice, value), run(twice, run(twice, value))];
      expectClose(got.get(`${prefix}/conv1`), once, prefix);
      expectClose(got.get(`${prefix}/conv1/1`), second, prefix);
      value = tf.add(once, second);
      expectClose(got.get(`${prefix}/sum`), value, prefix);
      expect(got.get(prefix)).toEqual(got.get(`${prefix}/sum`));
      value = tf.relu(value);
    }
    const flat = run(top.getLayer("flat"), tf.tensor(got.get("block/1") ?? [], [rows, ...shape]));
    expectClose(got.get("head/fc"), run(top.getLayer("fc"), flat), "head");
    expect(await collect(tapped, "x", 2)).toEqual(got);
    expect(tapped.select(["auto"]).map(({ name }) => name)).toEqual([
      "x",
      "block/conv1",
      "block/conv1/1",
      "block/sum",
      "sum",
      "block/1/conv1",
      "block/1/conv1/1",
      "block/1/sum",
      "head",
    ]);
  });

  it("may come first in a sequence, and hold models themselves", async () => {
    const deep = tf.sequential({ layers: [inner(), head()], name: "deep" });
    const net = tf.sequential({ layers: [deep, dense(2, "last")], name: "whole" });
    const tapped = await throughFile("deep", net);
    expect(tapped.taps.map(({ name }) => name)).toEqual([
      "a",
      ...["block/conv1", "block/conv1/1", "block/sum", "block", "head/flat", "head/fc", "head"].map(
        (tap) => `deep/${tap}`,
      ),
      "deep",
      "last",
    ]);
    const got = await collect(tapped, "a", 1);
    expectClose(got.get("last"), run(net, input()), "last");
    expectClose(got.get("deep/head/fc"), run(deep, input()), "deep");
    expect(got.get("deep")).toEqual(got.get("deep/head/fc"));
  });

  it("are refused where they would be more layers than memory holds", () => {
    const layer = (class_name: string, name: string, more: object, calls: string[]): object => ({
      class_name,
      config: { name, ...more },
      inbound_nodes: calls.map((from, at) => [[from, at === 0 ? 0 : at, 0, {}]]),
    });
    let model: object = {
      layers: [layer("InputLayer", "i", { batch_input_shape: [null, 2] }, []), layer("ReLU", "r", {}, ["i"])],
      input_layers: [["i", 0, 0]],
      output_layers: [["r", 0, 0]],
    };
    for (let depth = 0; depth < 20; depth++) {
      const calls = layer("Functional", "m", model, ["i", "m", "m", "m"]);
      model = {
        layers: [layer("InputLayer", "i", { batch_input_shape: [null, 2] }, []), calls],
        input_layers: [["i", 0, 0]],
        output_layers: [["m", 4, 0]],
      };
    }
    const json = {
      modelTopology: { class_name: "Functional", config: { name: "bomb", ...model } },
      weightsManifest: [],
    };
    const parts = { json: Buffer.from(JSON.stringify(json)), weights: new Uint8Array(0) };
    expect(() => readTfjs(parts)).toThrow(/must make at most 100000 calls of layers, got \d+/);
  });
});

function symbolic(value: tf.Tensor | tf.Tensor[] | tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor {
  if (value instanceof tf.SymbolicTensor) return value;
  throw new Error("not symbolic");
}

describe("a graph model", () => {
  const kernel = normal("kernel", 3 * 3 * 2 * 3);
  const bias = normal("bias", 3);
  const matrix = normal("matrix", 108 * 4);
  const text = (value: string): object => ({ s: Buffer.from(value).toString("base64") });
  const float = { type: "DT_FLOAT" };
  const constant = (name: string, dtype = "DT_FLOAT"): object => ({
    name,
    op: "Const",
    attr: { dtype: { type: dtype } },
  });
  const ints = (...values: number[]): object => ({ list: { i: values.map(String) } });
  const conv = {
    T: float,
    strides: ints(1, 1, 1, 1),
    dilations: ints(1, 1, 1, 1),
    padding: text("SAME"),
    data_format: text("NHWC"),
  };
  const nodes = [
    {
      name: "x",
      op: "Placeholder",
      attr: { dtype: float, shape: { shape: { dim: [-1, 6, 6, 2].map((size) => ({ size: String(size) })) } } },
    },
    constant("kernel"),
    constant("bias"),
    constant("matrix"),
    constant("flat_shape", "DT_INT32"),
    constant("axis", "DT_INT32"),
    // Out of order, as files may be.
    { name: "relu", op: "Relu", input: ["block/add:0"], attr: { T: float } },
    { name: "block/conv", op: "Conv2D", input: ["x", "kernel"], attr: conv },
    {
      name: "block/add",
      op: "BiasAdd",
      input: ["block/conv", "bias", "^kernel"],
      attr: { T: float, data_format: text("NHWC") },
    },
    { name: "halves", op: "Split", input: ["axis", "relu"], attr: { T: float, num_split: { i: "3" } } },
    { name: "second", op: "Identity", input: ["halves:1"], attr: { T: float } },
    { name: "flat", op: "Reshape", input: ["relu", "flat_shape"], attr: { T: float, Tshape: { type: "DT_INT32" } } },
    {
      name: "logits",
      op: "MatMul",
      input: ["flat", "matrix"],
      attr: { T: float, transpose_a: { b: false }, transpose_b: { b: false } },
    },
    { name: "answer", op: "Softmax", input: ["logits"], attr: { T: float } },
  ];
  const specs = [
    { name: "kernel", shape: [3, 3, 2, 3], dtype: "float32" },
    { name: "bias", shape: [3], dtype: "float32" },
    { name: "matrix", shape: [108, 4], dtype: "float32" },
    { name: "flat_shape", shape: [2], dtype: "int32" },
    { name: "axis", shape: [], dtype: "int32" },
  ];
  const parts = [kernel, bias, matrix, Int32Array.of(-1, 108), Int32Array.of(3)];
  const weights = Buffer.concat(parts.map((part) => new Uint8Array(part.buffer)));
  const signature = { signature: { outputs: { answer: { name: "answer:0" } } } };
  let path: string;

  beforeAll(() => {
    path = save("graph", { node: nodes, versions: {} }, specs, weights, { format: "graph-model", ...signature });
  });

  it("has every node's tensors as taps, and their values", async () => {
    const tapped = await openModel(path, { isolated: false });
    expect(
      tapped.taps.map(({ name, operator, ...tap }) => [name, operator, "shape" in tap ? tap.shape : "refused"]),
    ).toEqual([
      ["x", "input", [6, 6, 2]],
      ["block/conv", "Conv2D", [6, 6, 3]],
      ["block/add", "BiasAdd", [6, 6, 3]],
      ["relu", "Relu", [6, 6, 3]],
      ["halves", "Split", [6, 6, 1]],
      ["halves:1", "Split", [6, 6, 1]],
      ["second", "Identity", [6, 6, 1]],
      ["flat", "Reshape", [108]],
      ["logits", "MatMul", [4]],
      ["answer", "Softmax", [4]],
    ]);
    expect(tapped.select(["auto"]).map(({ name }) => name)).toEqual(["x", "relu", "logits"]);
    expect(tapped.select(["group:block"]).map(({ name }) => name)).toEqual(["block/conv", "block/add"]);
    const got = await collect(tapped, "x", 1);
    const x: tf.Tensor4D = tf.tensor4d(pixels, [rows, 6, 6, 2]);
    const convolved = tf.conv2d(x, tf.tensor4d(kernel, [3, 3, 2, 3]), 1, "same");
    const added = tf.add(convolved, tf.tensor(bias));
    const relu = tf.relu(added);
    const thirds = tf.split(relu, 3, 3);
    const logits = tf.matMul(tf.reshape(relu, [rows, 108]), tf.tensor2d(matrix, [108, 4]));
    const want = {
      "block/conv": convolved,
      "block/add": added,
      relu,
      "halves:1": thirds[1] ?? relu,
      logits,
      answer: tf.softmax(logits),
    };
    for (const [name, value] of Object.entries(want)) expectClose(got.get(name), value, name);
  });

  it("is refused where its files are not what they say, by name, field and value", () => {
    const file = (
      name: string,
      change: (json: {
        modelTopology: { node: object[] };
        weightsManifest: { paths: string[]; weights: object[] }[];
      }) => unknown,
    ) => {
      const json = {
        modelTopology: { node: [...nodes] },
        weightsManifest: [{ paths: ["a.bin", "b.bin"], weights: [...specs] }],
        ...signature,
      };
      change(json);
      const at = join(dirname(path), `${name}.json`);
      writeFileSync(at, JSON.stringify(json));
      return at;
    };
    const shard = (location: string) =>
      file(
        `shard-${location.replaceAll(/\W/g, "_")}`,
        ({ weightsManifest }) => (weightsManifest[0]!.paths = [location]),
      );
    writeFileSync(join(folder, "secret.bin"), weights);
    symlinkSync(join(folder, "secret.bin"), join(dirname(path), "link.bin"));
    const cases: [string, RegExp][] = [
      [shard("../secret.bin"), /weightsManifest\.paths: must not contain '\.\.'/],
      [shard(join(folder, "secret.bin")), /must be a relative path/],
      [shard("link.bin"), /must stay inside the model's folder/],
      [shard("/dev/zero"), /must be a relative path/],
      [shard("none.bin"), /must name a file that exists/],
      [shard("a.bin"), /weights: must be the \d+ bytes of the declared shapes, got \d+/],
      [
        file("huge", ({ weightsManifest }) =>
          weightsManifest[0]!.weights.push({ name: "w", shape: [2 ** 40, 2 ** 12], dtype: "float32" }),
        ),
        /all weights must be smaller than 2 GiB/,
      ],
      [
        file("twice", ({ weightsManifest }) => weightsManifest[0]!.weights.push(specs[0]!)),
        /must name each weight once, got "kernel"/,
      ],
      [
        file("gone", ({ modelTopology }) =>
          modelTopology.node.push({ name: "y", op: "Relu", input: ["\u001B[31mgone"] }),
        ),
        /must name tensors that exist, got "\\\\u\{1b\}\[31mgone"/,
      ],
      [
        file("cycle", ({ modelTopology }) =>
          modelTopology.node.push({ name: "p", op: "Relu", input: ["q"] }, { name: "q", op: "Relu", input: ["p"] }),
        ),
        /must have no cycle/,
      ],
      [
        file("same", ({ modelTopology }) => modelTopology.node.push({ name: "relu", op: "Relu", input: ["x"] })),
        /each tensor must be made once, got "relu"/,
      ],
      [file("empty", ({ modelTopology }) => (modelTopology.node = [])), /must be a TensorFlow graph/],
    ];
    for (const [at, message] of cases) expect(() => readTfjs(at), message.source).toThrow(message);
    const garbage = join(folder, "garbage.json");
    for (const text of [
      "",
      "<html>404</html>",
      "[]",
      '{"modelTopology":{}}',
      '{"modelTopology":{"node":[{"name":1}]},"weightsManifest":[]}',
    ]) {
      writeFileSync(garbage, text);
      expect(() => readTfjs(garbage), text).toThrow(InputError);
    }
  });
});

it("1,000 damaged files are read or refused", () => {
  let read = 0;
  const wholes = ["layers", "graph"].map((name) => readTfjs(join(folder, name, "model.json")).parts);
  for (let i = 0; i < 1000; i++) {
    const stream = rootStream("tfjs-fuzz").split(i);
    const [whole, other] = [wholes[i % 2]!, wholes[(i + 1) % 2]!];
    // Every other one still parses: only letters and digits change.
    const json = i % 4 < 2 ? mutate(stream, whole.json, other.json) : relettered(stream, whole.json);
    try {
      const model = readTfjs({ json, weights: whole.weights });
      chooseTaps(model.graph, listTaps(model));
      read += 1;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  expect(read).toBeGreaterThan(50);
  expect(read).toBeLessThan(900);
});

/** With one to four letters or digits changed. */
function relettered(stream: Stream, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  for (let left = 1 + stream.integer(4); left > 0;) {
    const at = stream.integer(changed.length);
    if (!/[\w-]/.test(String.fromCharCode(changed[at] ?? 0))) continue;
    changed[at] = "0123456789-aeNx".charCodeAt(stream.integer(15));
    left -= 1;
  }
  return changed;
}

it("a layers model that tfjs cannot build is refused by the trial, in one line", async () => {
  const layers = [{ class_name: "Nothing", config: { name: "n", batch_input_shape: [null, 2] } }];
  const path = save("unknown", { class_name: "Sequential", config: { layers } }, [], new Uint8Array(0));
  await expect(openModel(path)).rejects.toThrow(
    /^unknown\/model\.json: tfjs must be able to load it, got "Unknown layer: Nothing/,
  );
});
