/** @file Features of the convnet's taps for all three roles, and the network's own errors. One forward pass for both. */
import { createHash } from "node:crypto";
import {
  type Features,
  type FeatureWriter,
  labelled,
  type LabelledFeatures,
  reject,
  type WasmRuntime,
} from "@linear-probes/core";
import {
  type BlockSink,
  inputRows,
  mnistConvnet,
  type Parameters,
  size,
  streamActivations,
  type StreamActivationsOptions,
} from "@linear-probes/models";
import { Interrupted, type StopFlag } from "../stop-flag.ts";
import type { Maps } from "./convnet-coarse.ts";
import type { Digits, RowSettings } from "./convnet-data.ts";

/** Rows per forward run; every role must start at a multiple of it. */
const BATCH = 50;

const LARGE_BYTES = 2 ** 28;

const graph = mnistConvnet.build();

export interface ConvnetTap {
  readonly name: string;
  readonly depth: number;
  readonly features: number;
  /** The tap of which this one is max(x, 0). */
  readonly rectifies?: string;
  /** The feature maps whose cells the features are. */
  readonly maps?: Maps;
}

export const convnetTaps: readonly ConvnetTap[] = graph.taps.map((name, depth) => {
  const layer = graph.layers.find((one) => one.name === name);
  const rectifies = layer?.kind === "relu" && graph.taps.includes(layer.from) ? layer.from : undefined;
  const shape = graph.shapeOf(name);
  const [channels, height, width] = shape;
  const maps = channels && height && width ? { maps: [channels, height, width] as const } : {};
  return { name, depth, features: size(shape), ...(rectifies !== undefined && { rectifies }), ...maps };
});

/** What a tap's probes are fitted to and chosen by. */
export interface TapFeatures {
  readonly train: LabelledFeatures<"train">;
  readonly validation: LabelledFeatures<"validation">;
  /** Those of the tap that `rectifies` this one, in the place of these, which are gone. */
  rectified(): TapFeatures;
  /** Gives the memory back; again does nothing. */
  release(): void;
}

export interface TapTest {
  readonly test: LabelledFeatures<"test">;
  rectified(): TapTest;
  release(): void;
}

export interface ForwardOptions {
  readonly threads: number;
  readonly stop: StopFlag;
  readonly onProgress?: (rows: number, of: number) => void;
}

/** Identifies a network by its parameters. */
export function parametersHash(parameters: Parameters): string {
  const hash = createHash("sha256");
  for (const [name, values] of parameters) {
    hash.update(`${name} ${values.length}\n`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}

/** Features of several taps for training and validation images, in one pass through the network. */
export async function fittingFeatures(
  runtime: WasmRuntime,
  parameters: Parameters,
  digits: Digits,
  { train, validation }: RowSettings,
  taps: readonly string[],
  options: ForwardOptions,
): Promise<ReadonlyMap<string, TapFeatures>> {
  const parts = [
    { from: 0, to: validation },
    { from: validation, to: train },
  ];
  const { classes } = digits;
  const labels = digits.labels.train;
  const features = await forwardFeatures(runtime, parameters, digits, parts, taps, options);
  return new Map(
    [...features].map(([tap, [first, rest]]) => {
      if (first === undefined || rest === undefined) throw new Error(`${tap}: lost rows`);
      const rows = {
        validation: labelled("validation", first, labels.subarray(0, validation), classes),
        train: labelled("train", rest, labels.subarray(validation), classes),
      };
      return [tap, tapFeatures(runtime, rows)] as const;
    }),
  );
}

function tapFeatures(runtime: WasmRuntime, rows: Pick<TapFeatures, "train" | "validation">): TapFeatures {
  const { train, validation } = rows;
  return {
    ...rows,
    rectified: () =>
      tapFeatures(runtime, { train: rectified(runtime, train), validation: rectified(runtime, validation) }),
    release() {
      train.features.release();
      validation.features.release();
    },
  };
}

function tapTest(runtime: WasmRuntime, test: LabelledFeatures<"test">): TapTest {
  return {
    test,
    rectified: () => tapTest(runtime, rectified(runtime, test)),
    release: () => test.features.release(),
  };
}

function rectified<Role extends "train" | "validation" | "test">(
  runtime: WasmRuntime,
  { role, features, labels, classes }: LabelledFeatures<Role>,
): LabelledFeatures<Role> {
  return labelled(role, runtime.rectified(features), labels, classes);
}

/** The same for the test images. Apart, since they are needed when the others no longer are. */
export async function testFeatures(
  runtime: WasmRuntime,
  parameters: Parameters,
  digits: Digits,
  { train, test }: RowSettings,
  taps: readonly string[],
  options: ForwardOptions,
): Promise<ReadonlyMap<string, TapTest>> {
  const features = await forwardFeatures(
    runtime,
    parameters,
    digits,
    [{ from: train, to: train + test }],
    taps,
    options,
  );
  return new Map(
    [...features].map(([tap, [only]]) => {
      if (only === undefined) throw new Error(`${tap}: lost rows`);
      const rows = labelled("test", only, digits.labels.test, digits.classes);
      return [tap, tapTest(runtime, rows)] as const;
    }),
  );
}

interface Part {
  readonly from: number; // image
  readonly to: number;
}

/** Features of each tap for parts that follow one another. */
async function forwardFeatures(
  runtime: WasmRuntime,
  parameters: Parameters,
  { inputs, width }: Digits,
  parts: readonly Part[],
  taps: readonly string[],
  options: ForwardOptions,
): Promise<ReadonlyMap<string, readonly Features[]>> {
  const start = parts[0]?.from ?? 0;
  const end = parts.at(-1)?.to ?? start;
  for (const { from } of parts)
    if ((from - start) % BATCH !== 0) reject("rows", `every part must start at a multiple of ${BATCH}`, from - start);
  const createWriter = (tap: string, rows: number): FeatureWriter => {
    const cols = size(graph.shapeOf(tap));
    // A pass over buffers is slower, but the kernels' own memory never shrinks; buffers are used again by the next tap.
    const large = rows * cols * 4 > LARGE_BYTES;
    return runtime.createFeatures({ rows, cols, name: tap, ...(large && { storage: "buffer" as const }) });
  };
  const writers = taps.map((tap) => ({
    tap,
    parts: parts.map((part) => ({ ...part, writer: createWriter(tap, part.to - part.from) })),
  }));
  const sinks = new Map<string, BlockSink>(
    writers.map(({ tap, parts }) => {
      const partOf = (row: number) => parts.find(({ to }) => start + row < to);
      return [
        tap,
        {
          write(row, block) {
            const part = partOf(row);
            part?.writer.write(start + row - part.from, block);
          },
          place(row, rows) {
            const part = partOf(row);
            return part?.writer.place(start + row - part.from, rows);
          },
        },
      ];
    }),
  );
  try {
    const images = inputs.subarray(start * width, end * width);
    await forward(inputRows(images, end - start), options, (rows, running) =>
      streamActivations(graph, parameters, rows, sinks, running),
    );
  } catch (error) {
    for (const { parts } of writers) for (const { writer } of parts) writer.abandon();
    throw error;
  }
  return new Map(writers.map(({ tap, parts }) => [tap, parts.map(({ writer }) => writer.finish())]));
}

/** Runs a forward pass that a stop request ends. */
function forward<T>(
  inputs: ReturnType<typeof inputRows>,
  { threads, stop, onProgress }: ForwardOptions,
  run: (inputs: ReturnType<typeof inputRows>, options: StreamActivationsOptions) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  return run(inputs, {
    batch: BATCH,
    threads,
    signal: abort.signal,
    onProgress(rows, of) {
      onProgress?.(rows, of);
      if (stop.requested()) abort.abort(new Interrupted());
    },
  });
}
