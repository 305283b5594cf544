/**
 * @file A small Inception over its training, the experiment that section 4 of the paper wished for: some twenty taps at
 * many checkpoints, on the trunk, on the main branch and on the auxiliary one. Wide taps are pooled to a coarser grid on
 * the way; every probe is certified, its l2 chosen on images that the network does not train on, and starts from the
 * probe of the checkpoint before.
 *
 * At the last checkpoint every solver fits one tap from zero. The passes that it needs, with the seconds in the timings,
 * say what probing a larger network would cost.
 */
import { evaluateOnTest, evaluateOnValidation, type LinearProbe, reject, type Row } from "@linear-probes/core";
import { auxiliaryTaps, inceptionCifar, type Parameters, size } from "@linear-probes/models";
import { z } from "zod";
import { defineExperiment, type TaskContext } from "../experiment.ts";
import type { Meter } from "../ledger.ts";
import { identityProbe } from "../parts/identity-probe.ts";
import { type Checkpoints, createCheckpoints } from "../parts/checkpoints.ts";
import { rowSchema } from "../results.ts";
import { graphRows } from "../stages/graph-rows.ts";
import type { Images } from "../stages/image-data.ts";
import { type ProbedRows, type TapRoles, tapFeatures, tapReducers } from "../stages/inception-activations.ts";
import { certifiedTapProbe, type TapProbeSettings } from "../stages/inception-probes.ts";
import { solverCells, solverNames, type SolverSettings } from "../stages/inception-solvers.ts";
import { createInceptionTrainer } from "../stages/inception-training.ts";
import { photos } from "../stages/photo-data.ts";
import type { StoredArray } from "../stored-value.ts";

type Rows = ProbedRows & Readonly<Record<string, number>>;

type Settings = {
  readonly rows: Rows;
  readonly steps: readonly number[]; // checkpoints
  readonly keepEvery: number; // steps between the states that a killed run goes on from
  readonly reducer: string;
  readonly probes: TapProbeSettings;
  readonly solvers: SolverSettings & { readonly tap: string };
};

const graph = inceptionCifar.build();
const heads = { main: graph.logits, auxiliary: "aux_logits" } as const;

const paper: Settings = {
  rows: { train: 40_000, test: 5000, validation: 2000, heldOut: inceptionCifar.heldOut, probed: 10_000 },
  steps: [0, 50, 100, 200, 400, 593, 1186, 1779, 2372, 2965, 3558, 4151, 4744], // from 593 on, whole epochs
  keepEvery: 100,
  reducer: "pool-to:750",
  probes: { l2: [1e-1, 1e-2, 1e-3], relativeGap: 1e-3, passes: 300 },
  solvers: { tap: "mixed_8d", relativeGap: 1e-3, passes: 300 },
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  training: new URL("../stages/inception-training.ts", import.meta.url),
  activations: new URL("../stages/inception-activations.ts", import.meta.url),
  probes: new URL("../stages/inception-probes.ts", import.meta.url),
  solvers: new URL("../stages/inception-solvers.ts", import.meta.url),
};

export default defineExperiment<Settings, { readonly label: string; readonly weight: number }>({
  id: "inception-cifar",
  title: "a small Inception probed over its training",
  source: "Alain & Bengio 2016, section 4",
  replayLevel: "bitwise-one-machine",
  parallelism: "kernels",
  profiles: {
    smoke: {
      ...paper,
      rows: { train: 500, test: 200, validation: 100, heldOut: 100, probed: 200 },
      steps: [0, 6],
      reducer: "avgpool",
      probes: { ...paper.probes, l2: [1e-1, 1e-2] },
      solvers: { ...paper.solvers, passes: 30 },
    },
    quick: {
      ...paper,
      rows: { train: 10_000, test: 2000, validation: 1000, heldOut: 1000, probed: 3000 },
      steps: [0, 50, 100, 200, 400],
      solvers: { ...paper.solvers, passes: 100 },
    },
    paper,
  },
  stages,
  // Another processor rounds the network otherwise; 200 test and 100 validation images, some that lie on a boundary.
  goldenTolerance: {
    testError: 0.06,
    validationError: 0.08,
    trainError: 0.06,
    trainLoss: 0.1,
    passes: 60,
    l2: Infinity, // of another strength, where two do as well
    gapNats: Infinity,
    relativeGap: Infinity,
    status: Infinity,
    certified: Infinity,
  },
  tasks: () => [{ label: "the network and its probes", weight: 1 }],
  async run(_, settings, context) {
    const data = await photos(context, settings.rows);
    return {
      dataset: data.record,
      rows: [...graphRows("inception-cifar", graph), ...(await probedRows(data, settings, context))],
    };
  },
});

async function probedRows(data: Images, settings: Settings, context: TaskContext): Promise<readonly Row[]> {
  const { steps, keepEvery, rows } = settings;
  const stream = context.stream.split("network");
  const facts = { data: data.record.sha256, heldOut: rows.heldOut, stream: stream.path };
  const last = steps.at(-1) ?? 0;
  const networks = createCheckpoints(
    {
      used: [stages.training],
      name: "inception",
      facts,
      kept: steps,
      last,
      keepEvery,
      createTrainer: (running) => createInceptionTrainer(data, rows.heldOut, { ...running, stream }),
    },
    context,
  );
  try {
    // Training first and by itself, so that its cost is told apart from that of probing.
    for (const step of steps) {
      await context.remember([stages.training], { kind: "inception-training", ...facts, step }, async (meter) => {
        await networks.at(step, meter);
        return { json: null };
      });
    }
    const found: Row[] = [];
    let before: Checkpoint | undefined;
    for (const step of steps) {
      const start = context.seconds();
      const checkpoint = await checkpointAt({ step, before, facts, networks, data, settings, context });
      const took = context.seconds() - start;
      if (took > 2)
        context.log(`checkpoint ${steps.indexOf(step) + 1} of ${steps.length}, step ${step}: ${took.toFixed(0)} s`);
      const place = { step, epoch: epochOf(step, rows) };
      found.push(...checkpoint.rows.map((row) => ({ ...place, ...row })));
      before = checkpoint;
    }
    found.push(...(await solverRows({ step: last, before, facts, networks, data, settings, context })));
    networks.finish();
    return found;
  } finally {
    await networks.dispose();
  }
}

interface Checkpoint {
  readonly rows: readonly Row[];
  readonly carried: ReadonlyMap<string, LinearProbe>; // by tap
}

interface CheckpointJob {
  readonly step: number;
  readonly before: Checkpoint | undefined;
  readonly facts: { readonly data: string; readonly heldOut: number; readonly stream: string };
  readonly networks: Checkpoints;
  readonly data: Images;
  readonly settings: Settings;
  readonly context: TaskContext;
}

/** The probes of all taps, and the network's own errors, after so many steps. */
async function checkpointAt({
  step,
  before,
  facts,
  networks,
  data,
  settings,
  context,
}: CheckpointJob): Promise<Checkpoint> {
  const { runtime } = context;
  const own = {
    kind: "inception-probes",
    ...facts,
    step,
    rows: settings.rows,
    reducer: settings.reducer,
    options: settings.probes,
    carriedFrom: settings.steps.slice(0, settings.steps.indexOf(step)),
  };
  const used = [stages.kernels, stages.training, stages.activations, stages.probes];
  const { json, arrays } = await context.remember(used, own, async (meter) => {
    const parameters = await networks.at(step, meter);
    const found: Row[] = [];
    const carried: Record<string, StoredArray> = {};
    await withFeatures(parameters, data, settings, context, meter, async (features) => {
      for (const [branch, logits] of Object.entries(heads)) {
        const roles = features(logits);
        const itself = identityProbe(data.classes);
        found.push({
          kind: "model",
          branch,
          validationError: evaluateOnValidation(runtime, itself, roles.validation).error,
          testError: evaluateOnTest(runtime, itself, roles.test).error,
        });
      }
      for (const [depth, tap] of graph.taps.entries()) {
        const roles = features(tap);
        const stream = context.stream.split("probes").split(tap);
        const {
          cells,
          probe,
          carried: next,
        } = await meter.phase("probes", () =>
          certifiedTapProbe(runtime, roles, stream, settings.probes, before?.carried.get(tap), hooksOf(context)),
        );
        const { cols: columns } = roles.train.features;
        const reducer = columns < size(graph.shapeOf(tap)) ? settings.reducer : "none";
        const place = { tap, branch: branchOf(tap), depth, features: size(graph.shapeOf(tap)), columns, reducer };
        const { error } = evaluateOnTest(runtime, probe, roles.test);
        // The input is the same at every step, and so is its probe.
        const known = tap === graph.input ? before?.rows.find((row) => row["tap"] === tap) : undefined;
        found.push(known ?? { kind: "probe", ...place, ...cells, testError: error });
        carried[`${tap}/weights`] = next.weights;
        carried[`${tap}/bias`] = next.bias;
        roles.release();
      }
    });
    return { json: found.map((row) => ({ ...row })), arrays: carried };
  });
  return { rows: z.array(rowSchema).parse(json), carried: probesIn(arrays) };
}

/** What each solver needs on one tap after the last step, from zero, at the l2 that was chosen there. */
async function solverRows({
  step,
  before,
  facts,
  networks,
  data,
  settings,
  context,
}: CheckpointJob): Promise<readonly Row[]> {
  const { tap, ...options } = settings.solvers;
  const l2 = before?.rows.find((row) => row["tap"] === tap)?.["l2"];
  if (typeof l2 !== "number") return reject("solvers.tap", "must be one of the taps", tap);
  const own = {
    kind: "inception-solvers",
    ...facts,
    step,
    rows: settings.rows,
    reducer: settings.reducer,
    tap,
    l2,
    options,
  };
  const used = [stages.kernels, stages.training, stages.activations, stages.solvers];
  const { json } = await context.remember(used, own, async (meter) => {
    const parameters = await networks.at(step, meter);
    const found: Row[] = [];
    await withFeatures(parameters, data, settings, context, meter, async (features) => {
      const roles = features(tap);
      const { rows, cols } = roles.train.features;
      const stream = context.stream.split("solvers");
      for (const solver of solverNames) {
        const cells = await meter.phase(`solver ${solver}`, () =>
          solverCells(solver, context.runtime, roles, l2, stream, options, hooksOf(context)),
        );
        found.push({ kind: "solver", step, tap, rows, columns: cols, classes: data.classes, l2, ...cells });
        context.log(`${solver}: ${cells.passes.toFixed(0)} passes, ${cells.status}`);
      }
    });
    return { json: found.map((row) => ({ ...row })) };
  });
  return z.array(rowSchema).parse(json);
}

/** Lends the features of all taps to `use`. */
async function withFeatures(
  parameters: Parameters,
  data: Images,
  { rows, reducer }: Settings,
  { stream, runtime, stop }: TaskContext,
  meter: Meter,
  use: (features: (tap: string) => TapRoles) => Promise<void>,
): Promise<void> {
  const reducers = tapReducers(reducer, stream);
  const options = { threads: runtime.threads, stop };
  const made = await meter.phase("activations", () => tapFeatures(runtime, parameters, data, rows, reducers, options));
  try {
    await use((tap) => made.get(tap) ?? reject("tap", `must be one of ${[...made.keys()].join(", ")}`, tap));
  } finally {
    for (const roles of made.values()) roles.release();
  }
}

function branchOf(tap: string): "trunk" | "main" | "auxiliary" {
  if (auxiliaryTaps.includes(tap)) return "auxiliary";
  return graph.taps.indexOf(tap) < graph.taps.indexOf(auxiliaryTaps[0] ?? "") ? "trunk" : "main";
}

function probesIn(arrays: Readonly<Record<string, StoredArray>>): ReadonlyMap<string, LinearProbe> {
  return new Map(
    graph.taps.flatMap((tap) => {
      const [weights, bias] = [arrays[`${tap}/weights`], arrays[`${tap}/bias`]];
      if (!(weights instanceof Float64Array && bias instanceof Float64Array)) return [];
      return [[tap, { classes: bias.length, cols: weights.length / bias.length, weights, bias }] as const];
    }),
  );
}

function hooksOf({ stop }: TaskContext) {
  return {
    watch: () => {
      stop.check();
      return undefined;
    },
  };
}

function epochOf(step: number, { train, heldOut }: Rows): number {
  return step / Math.floor((train - heldOut) / inceptionCifar.training.batch);
}
