/** @file The photographs an experiment runs on: CIFAR-10, or its stand-in with a notice that says why. */
import type { LoadedDataset, LoadOptions } from "../dataset.ts";
import { cifar10 } from "./cifar10.ts";
import { loadOrStandIn } from "./parts/stand-in.ts";
import { syntheticShapes } from "./synthetic-shapes.ts";

export function loadPhotos(options: LoadOptions = {}): Promise<LoadedDataset> {
  return loadOrStandIn(cifar10, "CIFAR-10", syntheticShapes, options);
}
