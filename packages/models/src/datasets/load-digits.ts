/** @file The digits an experiment runs on: MNIST, or, where it cannot be had, its stand-in with a notice that says why. */
import type { LoadedDataset, LoadOptions } from "../dataset.ts";
import { mnist } from "./mnist.ts";
import { loadOrStandIn } from "./parts/stand-in.ts";
import { syntheticDigits } from "./synthetic-digits.ts";

export function loadDigits(options: LoadOptions = {}): Promise<LoadedDataset> {
  return loadOrStandIn(mnist, "MNIST", syntheticDigits, options);
}
