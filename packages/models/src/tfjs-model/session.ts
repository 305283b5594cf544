/** @file Runs a TensorFlow.js model and hands out its taps, as a session of onnxruntime does. */
import type * as tfjs from "@tensorflow/tfjs";
import { reject } from "@linear-probes/core";
import { Tensor } from "onnxruntime-node";
import { loadTfjs } from "../engines/tfjs/load.ts";
import { printable } from "../onnx/printable.ts";
import type { ModelSession } from "../onnx/model-session.ts";
import { artifactsOf } from "./read-tfjs.ts";
import type { TfjsModel } from "./read-tfjs.ts";
import { symbolsOf } from "./symbols.ts";

type Values = Readonly<Record<string, tfjs.Tensor>>;

export async function openTfjsSession(model: TfjsModel, names: readonly string[]): Promise<ModelSession> {
  await loadTfjs(model.backend);
  const tf = await import("@tensorflow/tfjs");
  tf.enableProdMode(); // its warnings would carry names of the file unescaped
  const net = await guarded(model, "tfjs must be able to load it", async () =>
    model.kind === "layers" ? openLayers(tf, model, names) : openGraph(tf, model),
  );
  const inputs = new Set(model.graph.inputs.map(({ name }) => name));
  return {
    outputMetadata: [],
    async run(feeds, wanted) {
      const asked = Array.isArray(wanted) ? wanted : Object.keys(wanted);
      const given: Record<string, tfjs.Tensor> = Object.fromEntries(
        Object.entries(feeds).map(([name, feed]) => [name, toTfjs(tf, feed)]),
      );
      const made = await guarded(model, "tfjs must be able to run it", () =>
        net.run(
          given,
          asked.filter((name) => !inputs.has(name)),
        ),
      );
      try {
        const out: [string, Tensor][] = [];
        for (const name of asked) {
          const feed = inputs.has(name) ? feeds[name] : undefined;
          const value = made[name];
          if (feed) out.push([name, feed]);
          else if (value) out.push([name, await toOnnx(value)]);
        }
        return Object.fromEntries(out);
      } finally {
        tf.dispose([Object.values(given), Object.values(made)]);
      }
    },
    release: async () => net.release(),
  };
}

interface Runner {
  run(given: Values, names: readonly string[]): Promise<Values>;
  release(): void;
}

async function openLayers(tf: typeof tfjs, model: TfjsModel, names: readonly string[]): Promise<Runner> {
  const net = await tf.loadLayersModel({ load: async () => artifactsOf(model) });
  const symbols = symbolsOf(tf, net);
  const symbolOf = (name: string): tfjs.SymbolicTensor => symbols.get(name) ?? unknown(model, name);
  const inputs = model.graph.inputs.map(({ name }) => name);
  // What a model hands out is also its last layer's, and may be an output only once.
  const open = (wanted: readonly string[]): tfjs.LayersModel =>
    tf.model({ inputs: net.inputs, outputs: [...new Set(wanted.map(symbolOf))] });
  // One model per set of taps: a session is asked for the same set again and again.
  const opened = new Map<string, tfjs.LayersModel>();
  const taps = (wanted: readonly string[]): tfjs.LayersModel => {
    const key = JSON.stringify(wanted);
    const found = opened.get(key) ?? open(wanted);
    opened.set(key, found);
    return found;
  };
  const own = names.filter((name) => !inputs.includes(name));
  if (own.length > 0) taps(own);
  return {
    async run(given, wanted) {
      if (wanted.length === 0) return {};
      const feeds = inputs.flatMap((name) => given[name] ?? []);
      const [feed, ...more] = feeds;
      const made = taps(wanted).predictOnBatch(more.length === 0 && feed ? feed : feeds);
      const values = Array.isArray(made) ? made : [made];
      const distinct = [...new Set(wanted.map(symbolOf))];
      return Object.fromEntries(
        wanted.flatMap((name) => {
          const value = values[distinct.indexOf(symbolOf(name))];
          return value ? [[name, value]] : [];
        }),
      );
    },
    release: () => net.dispose(),
  };
}

async function openGraph(tf: typeof tfjs, model: TfjsModel): Promise<Runner> {
  const net = await tf.loadGraphModel({ load: async () => artifactsOf(model) });
  const dynamic = model.graph.nodes.some(({ opType }) =>
    /^(Switch|Merge|Enter|Exit|NextIteration|(Stateless)?(If|While)|NonMaxSuppression.*|Where|(Hash|Lookup)Table.*)$/i.test(
      opType,
    ),
  );
  return {
    async run(given, wanted) {
      if (wanted.length === 0) return {};
      const made = dynamic ? await net.executeAsync({ ...given }, [...wanted]) : net.execute({ ...given }, [...wanted]);
      const values = Array.isArray(made) ? made : [made];
      return Object.fromEntries(wanted.flatMap((name, i) => (values[i] ? [[name, values[i]]] : [])));
    },
    release: () => net.dispose(),
  };
}

function toTfjs(tf: typeof tfjs, { type, data, dims }: Tensor): tfjs.Tensor {
  const shape = [...dims];
  if (data instanceof Float32Array) return tf.tensor(data.slice(), shape, "float32");
  if (data instanceof Int32Array) return tf.tensor(data.slice(), shape, "int32");
  if (data instanceof Uint8Array) return tf.tensor(data.slice(), shape, "bool");
  return reject("tfjs input", "must be of float32, int32 or bool", type);
}

async function toOnnx(value: tfjs.Tensor): Promise<Tensor> {
  const data: unknown = await value.data();
  if (data instanceof Float32Array) return new Tensor("float32", data, value.shape);
  if (data instanceof Int32Array) return new Tensor("int32", data, value.shape);
  if (data instanceof Uint8Array) return new Tensor("bool", data, value.shape);
  return reject("tfjs output", "must be numbers", value.dtype);
}

function unknown(model: TfjsModel, name: string): never {
  return reject(`${model.name}: tap "${printable(name)}"`, "must be the output of a layer", "no such layer");
}

async function guarded<T>(model: TfjsModel, rule: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && cause.name === "InputError") throw cause;
    return reject(model.name, rule, printable(cause instanceof Error ? cause.message : String(cause), 600));
  }
}
