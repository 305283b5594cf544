/** @file One tap of figure 5's trained convnet as a problem: all its features, on images that probes train on there. */
import { fittingFeatures, parametersHash, testFeatures } from "../../stages/convnet-activations.ts";
import { digits } from "../../stages/convnet-data.ts";
import { stopFlag } from "../../stop-flag.ts";
import type { LoadedProblem, ProblemContext, Unavailable } from "../problem.ts";

/** Figure 5's: the first 5,000 images were not trained on, and probes choose by the first 10,000. */
const HELD_OUT = 5000;
const VALIDATION = 10_000;
const TEST = 10_000;

export async function loadConvnetTap(
  tap: string,
  trainRows: number,
  { runtime, stream, dataDir, rows: most = Infinity, log, trainedNetwork }: ProblemContext,
): Promise<LoadedProblem | Unavailable> {
  const network = await trainedNetwork?.();
  if (network === undefined) {
    return { unavailable: "no trained convnet is in the store: run `probes reproduce --only fig05` first" };
  }
  const train = multipleOf50(Math.min(trainRows, most));
  const rows = {
    train: VALIDATION + train,
    validation: VALIDATION,
    heldOut: HELD_OUT,
    test: multipleOf50(Math.min(TEST, most)),
  };
  const data = await digits({ stream, dataDir, log }, rows);
  const options = { threads: runtime.threads, stop: stopFlag() };
  const fitting = (await fittingFeatures(runtime, network.parameters, data, rows, [tap], options)).get(tap);
  const testing = (await testFeatures(runtime, network.parameters, data, rows, [tap], options)).get(tap);
  if (fitting === undefined || testing === undefined) throw new Error(`${tap}: its features were not made`);
  fitting.validation.features.release();
  const hash = parametersHash(network.parameters).slice(0, 12);
  const name = `${data.record.name}, ${tap} of convnet ${hash} at step ${network.step}`;
  return { train: fitting.train, test: testing.test, dataset: { ...data.record, name } };
}

/** The forward pass takes images in batches of 50. */
function multipleOf50(rows: number): number {
  return Math.max(50, Math.floor(rows / 50) * 50);
}
