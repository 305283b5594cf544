/** @file The digits an experiment runs on: MNIST, or, where it cannot be had, its stand-in with a notice that says why. */
import type { LoadedDataset, LoadOptions } from "../dataset.ts";
import { DatasetUnavailableError } from "../dataset.ts";
import { mnist } from "./mnist.ts";
import { syntheticDigits } from "./synthetic-digits.ts";

/** A damaged MNIST file is an error all the same: whoever put it there means MNIST. */
export async function loadDigits(options: LoadOptions = {}): Promise<LoadedDataset> {
  try {
    return await mnist.load(options);
  } catch (error) {
    if (!(error instanceof DatasetUnavailableError)) throw error;
    options.log?.(error.message);
    options.log?.(`${syntheticDigits.name} stands in for ${mnist.name}`);
    const digits = await syntheticDigits.load(options);
    return { ...digits, notice: `${digits.notice} MNIST could not be had: ${error.reason}.` };
  }
}
