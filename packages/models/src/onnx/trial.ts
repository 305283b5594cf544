/**
 * @file The first run of a foreign model, in a process of its own: a file that makes the native runtime crash, hang or
 * exhaust memory takes the child down and is refused here, with the reason.
 */
import { fork } from "node:child_process";
import { freemem } from "node:os";
import { InputError, reject } from "@linear-probes/core";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import { measureTaps } from "./measure-taps.ts";
import type { Measured } from "./measure-taps.ts";
import { printable } from "./printable.ts";
import { sourceOf } from "../foreign-model.ts";
import type { ForeignModel, ModelSource } from "../foreign-model.ts";

export interface TrialOptions {
  /** False for a model this project has just built itself: saves starting a process. Default true. */
  readonly isolated?: boolean;
  /** Longest time the trial may take. Default 180. */
  readonly limitSeconds?: number;
  /** The trial is stopped before it leaves the machine with less free memory. Default 512 MiB. */
  readonly reserveBytes?: number;
}

export interface TrialRequest {
  readonly source: ModelSource;
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
  model: ForeignModel,
  plan: BatchPlan,
  taps: readonly string[],
  sample: RowBlock,
  options: TrialOptions = {},
): Promise<ReadonlyMap<string, Measured>> {
  if (options.isolated === false) return measureTaps(model, plan, taps, sample);
  const request: TrialRequest = { source: sourceOf(model), name: model.name, plan, taps, sample };
  const answer = await askChild(model.name, request, options);
  if (!answer.ok) throw new InputError(answer.message);
  return new Map(answer.measured);
}

function askChild(name: string, request: TrialRequest, options: TrialOptions): Promise<TrialAnswer> {
  const { limitSeconds = 180, reserveBytes = 2 ** 29 } = options;
  return new Promise((resolve, fail) => {
    const child = fork(new URL("./trial-child.ts", import.meta.url), {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [],
    });
    let answer: TrialAnswer | undefined;
    let stopped: string | undefined;
    let lastWords = "";
    const stop = (why: string): void => {
      stopped ??= why;
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => stop(`nothing for ${limitSeconds} s`), limitSeconds * 1000);
    const watch = setInterval(() => {
      if (freemem() < reserveBytes) stop(`less than ${Math.round(reserveBytes / 2 ** 20)} MiB of memory left`);
    }, 100);
    child.stderr?.on("data", (chunk: Buffer) => (lastWords = (lastWords + chunk.toString("latin1")).slice(-600)));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the child is our own file and sends nothing else
    child.on("message", (message) => (answer = message as TrialAnswer));
    const unwatch = (): void => {
      clearTimeout(timer);
      clearInterval(watch);
    };
    child.on("error", (error) => {
      unwatch();
      fail(error);
    });
    child.on("close", (code, signal) => {
      unwatch();
      if (answer) resolve(answer);
      else fail(failure(name, stopped ?? `${signal ?? `exit ${code}`} ${printable(lastWords.trim(), 300)}`));
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
