/** @file The experiments: one line each, loaded when asked for, since some bring heavy engines. */
import { reject } from "@linear-probes/core";
import type { Experiment } from "../experiment.ts";
import type { ProfileName } from "../run-record.ts";

const loaders = {
  "sec2-entropy-chain": () => import("./sec2-entropy-chain.ts"),
  "fig01-bytes-and-pixels": () => import("./fig01-bytes-and-pixels.ts"),
  "model-graphs": () => import("./model-graphs.ts"),
  "fig03-untrained-depth": () => import("./fig03-untrained-depth.ts"),
  "fig05-mnist-convnet": () => import("./fig05-mnist-convnet.ts"),
  "fig05-film": () => import("./fig05-film.ts"),
  "fig07-auxiliary-losses": () => import("./fig07-auxiliary-losses.ts"),
  "fig08-skip-connection": () => import("./fig08-skip-connection.ts"),
  "depth-sweep": () => import("./depth-sweep.ts"),
  "undersolved-probe": () => import("./undersolved-probe.ts"),
  "cost-scaling": () => import("./cost-scaling.ts"),
  "inception-cifar": () => import("./inception-cifar.ts"),
  "solver-comparison": () => import("./solver-comparison.ts"),
} satisfies Record<string, () => Promise<{ readonly default: Experiment }>>;

export type ExperimentId = keyof typeof loaders;

function isExperimentId(id: string): id is ExperimentId {
  return Object.hasOwn(loaders, id);
}

export const experimentIds = Object.keys(loaders).filter(isExperimentId);

export async function loadExperiment(id: ExperimentId): Promise<Experiment> {
  return (await loaders[id]()).default;
}

/** No figure of the paper, and long under these profiles: run when named. */
const onRequest: Partial<Record<ExperimentId, readonly ProfileName[]>> = {
  "inception-cifar": ["quick", "paper"],
  "solver-comparison": ["quick", "paper"],
};

/**
 * The ids that begin with one of the names given (`fig03` is enough); when none is given, all but those that the profile
 * runs on request only.
 */
export function chooseExperiments(names: readonly string[], profile: ProfileName): readonly ExperimentId[] {
  for (const name of names)
    if (!experimentIds.some((id) => id.startsWith(name)))
      reject("experiment", `must be one of ${experimentIds.join(", ")}`, name);
  if (names.length === 0) return experimentIds.filter((id) => !onRequest[id]?.includes(profile));
  return experimentIds.filter((id) => names.some((name) => id.startsWith(name)));
}
