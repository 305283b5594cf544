/**
 * @file One frame of figure 5's film: certified probes on taps of the convnet at one moment of its training, each started
 * from the probe of the frame before. Fewer images than in the figure, of wide taps as many random features as the
 * paper's later version takes (Alain & Bengio 2018, section 3.3: 1,000, the same at every moment), and one strength of the
 * penalty for all frames: what moves in the film is the network.
 */
import {
  certifiedGap,
  evaluateOnTest,
  type Features,
  fit,
  labelled,
  type LinearProbe,
  passBudget,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import {
  type BlockSink,
  createReducer,
  inputRows,
  mnistConvnet,
  type Parameters,
  size,
  streamActivations,
} from "@linear-probes/models";
import { lbfgs } from "@linear-probes/solvers";
import { probeCells } from "../probe-cells.ts";
import type { ProbeCells } from "../rows.ts";
import { Interrupted, type StopFlag } from "../stop-flag.ts";
import type { Digits, RowSettings } from "./convnet-data.ts";
import { totalVariance } from "./total-variance.ts";
import { usefulStart } from "./warm-start.ts";

export type FilmSettings = {
  readonly images: number; // that probes are fitted to: the first that follow the validation images
  readonly testImages: number; // the first ones
  readonly reducer: string; // of each tap's features
  readonly strength: number; // l2 over the total variance of the features
  readonly relativeGap: number; // certified, at which a fit ends
  readonly passes: number; // budget of each fit
};

/** The film's images, training ones first. */
export function filmDigits(digits: Digits, rows: RowSettings, { images, testImages }: FilmSettings): Digits {
  const { width } = digits;
  const part = (from: number, count: number) => digits.inputs.subarray(from * width, (from + count) * width);
  const inputs = new Float32Array((images + testImages) * width);
  inputs.set(part(rows.validation, images));
  inputs.set(part(rows.train, testImages), images * width);
  const train = digits.labels.train.subarray(rows.validation, rows.validation + images);
  return { ...digits, inputs, labels: { train, test: digits.labels.test.subarray(0, testImages) } };
}

export interface FilmProbe {
  readonly tap: string;
  readonly cells: ProbeCells & {
    readonly columns: number; // of the features that the reducer leaves
    readonly trainLoss: number; // nats
    readonly certified: boolean;
    readonly warm: boolean; // started from the frame before
    /** Nats; of the layer after an affine one, see `pulledBackPenalty`; null elsewhere. */
    readonly pulledBackPenalty: number | null;
  };
  readonly probe: LinearProbe;
}

export interface FilmFrame {
  readonly parameters: Parameters;
  readonly digits: Digits; // of filmDigits
  readonly taps: readonly string[];
  readonly before: ReadonlyMap<string, LinearProbe>; // probes of the frame before, by tap
  readonly settings: FilmSettings;
  readonly stream: Stream; // of the film: the features drawn are those of every frame
  readonly threads: number;
  readonly stop: StopFlag;
}

/** The probes of one frame, in the order of `taps`. */
export async function filmFrame(runtime: Runtime, frame: FilmFrame): Promise<readonly FilmProbe[]> {
  const features = await frameFeatures(runtime, frame);
  try {
    const probes = frame.taps.map((tap) => {
      frame.stop.check();
      const own = features.get(tap);
      if (own === undefined) throw new Error(`${tap}: lost rows`);
      return fitTap(runtime, tap, own, frame);
    });
    const before = probes.find(({ tap }) => tap === affineLayer.from);
    return probes.map((one) => {
      if (one.tap !== affineLayer.to || before === undefined) return one;
      const penalty = pulledBackPenalty(one.probe, frame.parameters, before.cells.l2);
      return { ...one, cells: { ...one.cells, pulledBackPenalty: penalty } };
    });
  } finally {
    for (const { train, test } of features.values()) for (const part of [train, test]) part.release();
  }
}

/** The affine layer whose both sides the film's probes see with all features. */
const affineLayer = { from: "fc1_postact", to: "logits" };

/**
 * (l2/2)‖W A‖² of a probe (W, b) on z = A x + c: as (W A, b + W c) it answers on x exactly as it does on z, so that the
 * optimum on x, whose penalty is l2, is at most its loss plus this.
 */
export function pulledBackPenalty({ weights, classes, cols }: LinearProbe, parameters: Parameters, l2: number): number {
  const a = parameters.get(`${affineLayer.to}/weights`); // [inputs, cols]
  if (a === undefined) throw new Error(`${affineLayer.to}: the network must have its weights`);
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    for (let input = 0; input < a.length / cols; input++) {
      let weight = 0;
      for (let unit = 0; unit < cols; unit++) weight += weights[c * cols + unit]! * a[input * cols + unit]!;
      sum += weight * weight;
    }
  }
  return (l2 / 2) * sum;
}

interface FrameFeatures {
  readonly train: Features;
  readonly test: Features;
}

function fitTap(runtime: Runtime, tap: string, features: FrameFeatures, frame: FilmFrame): FilmProbe {
  const { digits, settings, stream, before } = frame;
  const train = labelled("train", features.train, digits.labels.train, digits.classes);
  const test = labelled("test", features.test, digits.labels.test, digits.classes);
  const l2 = settings.strength * totalVariance(features.train);
  const earlier = before.get(tap);
  const start = earlier === undefined ? undefined : usefulStart(runtime, train, earlier);
  const result = fit(runtime, { train, l2, scaling: "none" }, lbfgs({ preconditioned: false }), {
    stream: stream.split("probes").split(tap),
    stop: [certifiedGap({ relative: settings.relativeGap }), passBudget(settings.passes)],
    ...(start !== undefined && { start }),
  });
  const cells = {
    ...probeCells(result, evaluateOnTest(runtime, result.probe, test), l2),
    columns: features.train.cols,
    trainLoss: result.certificate.loss,
    certified: result.status === "converged",
    warm: start !== undefined,
    pulledBackPenalty: null,
  };
  return { tap, cells, probe: result.probe };
}

/** Rows per forward run; both parts must hold a multiple of it. */
const BATCH = 50;

async function frameFeatures(runtime: Runtime, frame: FilmFrame): Promise<ReadonlyMap<string, FrameFeatures>> {
  const { digits, settings, taps, stream, threads, stop, parameters } = frame;
  const { images, testImages } = settings;
  const graph = mnistConvnet.build();
  const writers = taps.map((tap) => {
    const reducer = createReducer(settings.reducer, { name: tap, shape: graph.shapeOf(tap) }, stream.split("features"));
    const writer = (role: string, rows: number) =>
      runtime.createFeatures({ rows, cols: reducer.cols, name: `${tap}, ${role}` });
    return { tap, reducer, train: writer("train", images), test: writer("test", testImages) };
  });
  const sinks = new Map<string, BlockSink>(
    writers.map(({ tap, reducer, train, test }) => [
      tap,
      {
        write(row, block) {
          const reduced = reducer.apply(block, block.length / size(graph.shapeOf(tap)));
          if (row < images) train.write(row, reduced);
          else test.write(row - images, reduced);
        },
      },
    ]),
  );
  const abort = new AbortController();
  try {
    await streamActivations(graph, parameters, inputRows(digits.inputs, images + testImages), sinks, {
      batch: BATCH,
      threads,
      signal: abort.signal,
      onProgress() {
        if (stop.requested()) abort.abort(new Interrupted());
      },
    });
  } catch (error) {
    for (const { train, test } of writers) for (const writer of [train, test]) writer.abandon();
    throw error;
  }
  return new Map(writers.map(({ tap, train, test }) => [tap, { train: train.finish(), test: test.finish() }]));
}
