/**
 * @file Figure 3: linear probes on the layers of an untrained network, on data that a line separates. The paper finds
 * errors that climb to 0.50 with depth and concludes that random layers destroy what is linearly readable. Here the
 * same probes are fitted three times: to a certified optimum, and by the paper's RMSProp on raw and on standardised
 * features, so that what the layers lose and what the solver misses can be told apart.
 *
 * The RMSProp settings were fixed beforehand and are those of its usual implementations (learning rate 1e-3, decay 0.9,
 * Hinton 2012), 10 epochs of batches of 128. The paper says only "a sufficiently small learning rate".
 */
import type { Row, Stream } from "@linear-probes/core";
import { z } from "zod";
import { defineExperiment, type TaskContext, type TaskResult } from "../experiment.ts";
import type { Json } from "../json.ts";
import type { Meter } from "../ledger.ts";
import { rowSchema } from "../results.ts";
import type { Fig03Curve, ProbeCells } from "../rows.ts";
import { type DatasetRecord, datasetRecord } from "../run-record.ts";
import { type CertifiedSettings, certifiedToyProbe } from "../stages/toy-certified-probes.ts";
import { type RmspropSettings, rmspropToyProbes } from "../stages/toy-rmsprop-probes.ts";
import {
  drawToy,
  type ToyLayer,
  type ToyLayers,
  type ToySettings,
  untrainedLayers,
} from "../stages/untrained-layers.ts";

type Settings = {
  readonly datasets: number;
  readonly toy: ToySettings;
  readonly certified: CertifiedSettings;
  readonly rmsprop: RmspropSettings;
};

const full = {
  toy: { trainRows: 10_000, testRows: 10_000, depth: 32, width: 128, slope: 0.5 },
  certified: { l2: 1e-6, relativeGap: 1e-6, passes: 300 },
  rmsprop: { l2: 1e-6, epochs: 10, batch: 128, learningRate: 1e-3, decay: 0.9 },
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  layers: new URL("../stages/untrained-layers.ts", import.meta.url),
  certified: new URL("../stages/toy-certified-probes.ts", import.meta.url),
  rmsprop: new URL("../stages/toy-rmsprop-probes.ts", import.meta.url),
};

interface Task {
  readonly label: string;
  readonly weight: number;
  readonly dataset: number;
}

export default defineExperiment<Settings, Task>({
  id: "fig03-untrained-depth",
  title: "probes on the layers of untrained networks",
  source: "Alain & Bengio 2016, figure 3",
  replayLevel: "bitwise-anywhere",
  parallelism: "tasks",
  profiles: {
    smoke: { ...full, datasets: 3, toy: { ...full.toy, trainRows: 1000, testRows: 1000 } },
    quick: { ...full, datasets: 12 },
    paper: { ...full, datasets: 100 },
  },
  stages,
  tasks: ({ datasets }) =>
    Array.from({ length: datasets }, (_, dataset) => ({ label: `dataset ${dataset}`, weight: 1, dataset })),
  run: ({ dataset }, settings, context) => runDataset(dataset, settings, context),
});

/** The rows of one dataset. What each solver finds is stored by itself; the layers are made again when one is missing. */
async function runDataset(dataset: number, settings: Settings, context: TaskContext): Promise<TaskResult> {
  const { runtime, stream } = context;
  const { toy, certified, rmsprop } = settings;
  const facts = { stream: stream.path, dataset, toy };
  let made: (ToyLayers & { readonly dataset: DatasetRecord }) | undefined;
  const layersOf = async (meter: Meter) => {
    if (made !== undefined) return made;
    const data = await meter.phase("data", () => drawToy(stream, dataset, toy));
    const { name, sha256, synthetic } = data;
    const layers = await meter.phase("activations", () => untrainedLayers(runtime, stream, dataset, toy, data));
    made = { ...layers, dataset: { name, sha256, synthetic } };
    return made;
  };
  /** The rows of curves that are fitted together, curve by curve. */
  const rowsOf = async (
    solver: string,
    curves: readonly Fig03Curve[],
    stage: URL,
    options: Json,
    probes: Probes,
  ): Promise<readonly Row[]> => {
    const order = stream.split(`dataset-${dataset}`).split(solver);
    const value = { kind: "fig03-probes", curves, options, ...facts };
    const { json } = await context.remember([stages.kernels, stages.layers, stage], value, async (meter) => {
      const { layers } = await layersOf(meter);
      const found = await meter.phase("probes", () =>
        layers.map((layer) => {
          context.stop.check();
          return { layer: layer.layer, cells: probes(layer, order.split(layer.layer)) };
        }),
      );
      return {
        json: curves.flatMap((curve, i) => found.map(({ layer, cells }) => ({ dataset, layer, curve, ...cells[i] }))),
      };
    });
    return z.array(rowSchema).parse(json);
  };
  try {
    const value = { kind: "fig03-layers", ...facts };
    const { json } = await context.remember([stages.kernels, stages.layers], value, async (meter) => {
      const { layers, dataset: record } = await layersOf(meter);
      const norms = await meter.phase("activations", () =>
        layers.map(({ train }) => runtime.meanRowNorm(train.features)),
      );
      const rows = norms.map((norm, layer) => ({ dataset, layer, curve: "activation-norm", norm }));
      return { json: { record: { ...record }, rows } };
    });
    const rows = [
      ...(await rowsOf("certified", ["certified-standardized"], stages.certified, certified, (layer, order) => [
        certifiedToyProbe(runtime, layer, order, certified),
      ])),
      ...(await rowsOf("rmsprop", ["rmsprop-raw", "rmsprop-standardized"], stages.rmsprop, rmsprop, (layer, order) =>
        rmspropToyProbes(runtime, layer, ["none", "standardize"], order, rmsprop),
      )),
    ];
    const { record, rows: norms } = layersValue.parse(json);
    return { dataset: record, rows: [...rows, ...norms] };
  } finally {
    made?.release();
  }
}

const layersValue = z.object({ record: datasetRecord, rows: z.array(rowSchema) });
type Probes = (layer: ToyLayer, order: Stream) => readonly ProbeCells[];
