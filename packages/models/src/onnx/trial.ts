/**
 * @file The first run of a foreign model, in a process of its own: a file that makes the native runtime crash, hang or
 * exhaust memory takes the child down and is refused here, with the reason.
 */
import { fork } from "node:child_process";
import { InputError, reject } from "@linear-probes/core";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import { measureTaps } from "./measure-taps.ts";
import type { Measured } from "./measure-taps.ts";
import { printable } from "./printable.ts";
import type { OnnxModel } from "./read-model.ts";

export interface TrialOptions {
  /** False for a model this project has just built itself: saves starting a process. Default true. */
  readonly isolated?: boolean;
  /** Longest time the trial may take. Default 180. */
  readonly limitSeconds?: number;
}

export interface TrialRequest {
  readonly source: string | Uint8Array;
  readonly name: string;
  readonly plan: BatchPlan;
  readonly taps: readonly string[];
  readonly sample: RowBlock;
}

export type TrialAnswer =
  | { readonly ok: true; readonly measured: readonly (readonly [string, Measured])[] }
  | { readonly ok: false; readonly message: string };

/** Measures `taps` on the two rows of `sample`. */
export async function tryModel(
  model: OnnxModel,
  plan: BatchPlan,
  taps: readonly string[],
  sample: RowBlock,
  options: TrialOptions = {},
): Promise<ReadonlyMap<string, Measured>> {
  if (options.isolated === false) return measureTaps(model, plan, taps, sample);
  const request: TrialRequest = { source: model.path ?? model.bytes, name: model.name, plan, taps, sample };
  const answer = await askChild(model.name, request, options.limitSeconds ?? 180);
  if (!answer.ok) throw new InputError(answer.message);
  return new Map(answer.measured);
}

function askChild(name: string, request: TrialRequest, limitSeconds: number): Promise<TrialAnswer> {
  return new Promise((resolve, fail) => {
    const child = fork(new URL("./trial-child.ts", import.meta.url), {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [],
    });
    let answer: TrialAnswer | undefined;
    let timedOut = false;
    let lastWords = "";
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, limitSeconds * 1000);
    child.stderr?.on("data", (chunk: Buffer) => (lastWords = (lastWords + chunk.toString("latin1")).slice(-600)));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the child is our own file and sends nothing else
    child.on("message", (message) => (answer = message as TrialAnswer));
    child.on("error", fail);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (answer) resolve(answer);
      else
        fail(
          failure(
            name,
            timedOut
              ? `nothing for ${limitSeconds} s`
              : `${signal ?? `exit ${code}`} ${printable(lastWords.trim(), 300)}`,
          ),
        );
    });
    child.send(request, (error) => {
      if (error && !answer) child.kill("SIGKILL");
    });
  });
}

function failure(name: string, got: string): unknown {
  try {
    return reject(
      name,
      "onnxruntime must survive a trial run",
      got.trim(),
      "the file is damaged, hostile, or too large for this machine",
    );
  } catch (error) {
    return error;
  }
}
