/**
 * @file Experiments on deep networks as tasks of one thread each, which use two processors better than one network at a
 * time on two threads: first every network is trained, then its frames are probed, some layers at a time.
 */
import type { Row } from "@linear-probes/core";
import { type DeepRun, type Frames, LAYERS_AT_ONCE, runDeep, trainDeep } from "./deep-run.ts";
import type { TaskContext, TaskLabel } from "./experiment.ts";
import type { DeepDigits } from "./stages/deep-network.ts";

/** A network, and all that is measured of it. */
export type NetworkPlan = Omit<DeepRun, "kept"> & {
  /** Further steps whose parameters are kept, for others who look at the same network. */
  readonly alsoKept?: readonly number[];
};

export interface DeepTask extends TaskLabel {
  readonly kind: "training" | "probes";
  readonly run: DeepRun;
}

export function deepTasks(plans: readonly NetworkPlan[]): readonly DeepTask[] {
  const nameOf = ({ variant, replica }: NetworkPlan): string => `${variant} network ${replica}`;
  const runOf = ({ variant, replica, network, frames, alsoKept = [] }: NetworkPlan): DeepRun => {
    const kept = [...new Set([...frames.flatMap(({ steps }) => steps), ...alsoKept])].sort((a, b) => a - b);
    return { variant, replica, network, kept, frames: [] };
  };
  const trainings = plans.map((plan): DeepTask => {
    const run = runOf(plan);
    return { kind: "training", label: `training of ${nameOf(plan)}`, weight: run.kept.at(-1) ?? 0, run };
  });
  const probes = plans.flatMap((plan, training) =>
    plan.frames.flatMap(partsOf).map((part): DeepTask => {
      const { name, steps, layers, images } = part;
      const when = steps.length > 1 ? `${steps.length} steps` : `step ${steps[0]}`;
      return {
        kind: "probes",
        label: `${nameOf(plan)}, ${name}, ${when}, layers ${layers[0]} to ${layers.at(-1)}`,
        weight: (steps.length * layers.length * images) / 4000,
        // Before its first step a network is there without training: nobody need wait for it.
        after: steps.every((step) => step === 0) ? [] : [training],
        run: { ...runOf(plan), frames: [part] },
      };
    }),
  );
  return [...trainings, ...probes];
}

/**
 * Cold probes of a step need no other step, and come in two parts at least, so that the last frame of an experiment keeps
 * two processors busy. Warm ones need those of the frame before, and come in one: two would each pass through the network.
 */
function partsOf(frames: Frames): Frames[] {
  const { steps, layers, warm } = frames;
  if (warm) return [frames];
  const count = Math.max(2, Math.ceil(layers.length / LAYERS_AT_ONCE));
  const size = Math.ceil(layers.length / count);
  const groups = Array.from({ length: count }, (_, i) => layers.slice(i * size, (i + 1) * size));
  return groups
    .filter((group) => group.length > 0)
    .flatMap((group) => steps.map((step) => ({ ...frames, steps: [step], layers: group })));
}

/** The rows of a task; training has none. */
export async function runDeepTask(
  { kind, run }: DeepTask,
  digits: DeepDigits,
  context: TaskContext,
): Promise<readonly Row[]> {
  if (kind === "probes") return runDeep(run, digits, context);
  await trainDeep(run, digits, context);
  return [];
}
