/** @file The child process of trial.ts: reads one request, answers once, ends. */
import { measureTaps } from "./measure-taps.ts";
import { readForeignModel } from "../foreign-model.ts";
import type { TrialAnswer, TrialRequest } from "./trial.ts";

// oxlint-disable eslint/no-restricted-globals -- the channel to the parent process is reached only through `process`
process.once("message", (message) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- trial.ts is the only sender
  void answer(message as TrialRequest).then((reply) =>
    process.send?.(reply, undefined, undefined, () => process.exit(0)),
  );
});

async function answer({ source, name, plan, taps, sample }: TrialRequest): Promise<TrialAnswer> {
  try {
    return { ok: true, measured: [...(await measureTaps(await readForeignModel(source, name), plan, taps, sample))] };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : "unknown error" };
  }
}
