/** @file Trains the small Inception on photographs. */
import { inceptionCifar } from "@linear-probes/models";
import type { Images } from "./image-data.ts";
import { createTrainer, type Trainer, type TrainerOptions } from "./trainer.ts";

/** Trains on all training images but the first `heldOut`. */
export function createInceptionTrainer(
  { inputs, width, labels }: Images,
  heldOut: number,
  options: Omit<TrainerOptions, "architecture" | "examples">,
): Trainer {
  const rows = labels.train.length;
  return createTrainer({
    ...options,
    architecture: inceptionCifar,
    examples: { inputs: inputs.subarray(heldOut * width, rows * width), labels: labels.train.subarray(heldOut) },
  });
}
