/**
 * @file Rows of data on their way into a foreign model. Images (bytes) go through the declared preprocessing, by default
 * to [0, 1] in the layout that the model's input shows; other arrays pass as they are, to the input of their name.
 */
import { reject } from "@linear-probes/core";
import {
  createPreprocessor,
  type LabelledInputs,
  type ForeignModel,
  type Preprocess,
  type Preprocessor,
  printable,
  type RowBlock,
  type RowSource,
} from "@linear-probes/models";
import { canonicalJson } from "../json.ts";
import type { ProbeData } from "./probe-data.ts";
import { plainPixels, type PreprocessChoice } from "./preprocess-option.ts";

type InputRows = RowBlock[string];
type Input = ForeignModel["graph"]["inputs"][number];

export interface ModelInputs {
  readonly source: RowSource;
  /** What was done to the rows, canonical. */
  readonly preprocess: string;
  release(): Promise<void>;
}

export function modelInputs(model: ForeignModel, data: ProbeData, choice: PreprocessChoice | undefined): ModelInputs {
  const input = model.graph.inputs[0] ?? reject(model.name, "must have an input", "none");
  const first = data.place(0).set;
  const images = first.inputs instanceof Uint8Array && data.inputShape.length === 3 && first.named === undefined;
  if (!images || (choice === undefined && input.value.type === "uint8")) {
    if (choice !== undefined) reject("preprocess", "is for images, given as bytes", describe(data, first));
    return { source: arrays(model, data), preprocess: "as given", release: async () => {} };
  }
  const { layout = layoutOf(input, data), ...rest } = choice ?? plainPixels;
  const spec: Preprocess = { ...rest, layout };
  const preprocessor = createPreprocessor(spec);
  return {
    source: imageRows(input, data, preprocessor),
    preprocess: canonicalJson({ ...spec, geometry: spec.geometry.map((step) => ({ ...step })) }),
    release: () => preprocessor.release(),
  };
}

function imageRows(input: Input, data: ProbeData, preprocessor: Preprocessor): RowSource {
  const [height = 1, width = 1, channels = 1] = data.inputShape;
  const size = height * width * channels;
  return {
    rows: data.count,
    async read(start, count) {
      let values = new Float32Array(0);
      let shape: readonly number[] = [];
      for (let i = 0; i < count; i++) {
        const { set, row } = data.place(start + i);
        const bytes = set.inputs.subarray(row * size, (row + 1) * size);
        if (!(bytes instanceof Uint8Array)) return reject(data.record.name, "must hold images as bytes", "numbers");
        const image = await preprocessor.apply({ data: bytes, height, width, channels });
        if (i === 0) [values, shape] = [new Float32Array(count * image.values.length), image.shape];
        values.set(image.values, i * image.values.length);
      }
      return { [input.name]: { data: values, shape: fitted(input, shape) } };
    },
  };
}

/** Each input of the model takes the array of its name; a model of one input takes the main array. */
function arrays(model: ForeignModel, data: ProbeData): RowSource {
  const only = model.graph.inputs.length === 1 ? model.graph.inputs[0] : undefined;
  const parts = model.graph.inputs.flatMap((input) => {
    const named = data.place(0).set.named ?? {};
    if (Object.hasOwn(named, input.name)) {
      const shape = fitted(input, named[input.name]?.shape ?? []);
      return [{ input, shape, of: (set: LabelledInputs) => set.named?.[input.name]?.values ?? set.inputs }];
    }
    if (input !== only && input !== model.graph.inputs[0]) {
      const there = Object.keys(named).map((name) => printable(name));
      reject(
        `${model.name}: input "${printable(input.name)}"`,
        "needs an array of its name in the data",
        there.join(", ") || "one array",
        "give an .npz with one array per input, and labels",
      );
    }
    return [{ input, shape: fitted(input, data.inputShape), of: (set: LabelledInputs) => set.inputs }];
  });
  return {
    rows: data.count,
    read(start, count) {
      const block = parts.map(({ input, shape, of }): [string, InputRows] => {
        const sample = of(data.place(0).set);
        const size = shape.reduce((product, length) => product * length, 1);
        const values =
          sample instanceof Float32Array
            ? new Float32Array(count * size)
            : sample instanceof Int32Array
              ? new Int32Array(count * size)
              : new Uint8Array(count * size);
        for (let i = 0; i < count; i++) {
          const { set, row } = data.place(start + i);
          values.set(of(set).subarray(row * size, (row + 1) * size), i * size);
        }
        return [input.name, { data: values, shape }];
      });
      return Object.fromEntries(block);
    },
  };
}

/** Whether the model's input has its channels before or after the image's sides; first when it does not say. */
function layoutOf({ value }: Input, { inputShape }: ProbeData): Preprocess["layout"] {
  const { dims } = value;
  const channels = inputShape[2];
  return dims?.length === 4 && dims[1] !== channels && dims[3] === channels ? "channels-last" : "channels-first";
}

/** The shape of a row as the model declares it, where that is known and holds as many values. */
function fitted({ value }: Input, shape: readonly number[]): readonly number[] {
  const wanted = value.dims?.slice(1);
  if (wanted === undefined || wanted.length === shape.length) return shape;
  const known = wanted.flatMap((dim) => (typeof dim === "number" ? [dim] : []));
  const product = (dims: readonly number[]): number => dims.reduce((all, dim) => all * dim, 1);
  return known.length === wanted.length && product(known) === product(shape) ? known : shape;
}

function describe({ inputShape }: ProbeData, { inputs }: LabelledInputs): string {
  return `${inputs.constructor.name.replace("Array", "").toLowerCase()} rows of shape (${inputShape.join(", ")})`;
}
