/** @file The images of an experiment: what the network trains on, and the three roles of the probes' rows. */
import { reject, type Stream } from "@linear-probes/core";
import { type Architecture, graphInputs, type LoadedDataset, type LoadOptions } from "@linear-probes/models";
import type { DatasetRecord } from "../run-record.ts";
import { oncePerThread } from "./once-per-thread.ts";

export type RowSettings = {
  readonly train: number; // images of the training set that are used: its first ones
  readonly test: number;
  readonly validation: number; // the first of the training images; probes choose by them, and never fit them
  readonly heldOut: number; // the first of these again: the network does not train on them
};

export interface Images {
  readonly record: DatasetRecord;
  readonly classes: number;
  /** All inputs of the graph: training images first, then test images. */
  readonly inputs: Float32Array;
  readonly width: number; // numbers per image
  readonly labels: { readonly train: Int32Array; readonly test: Int32Array };
}

export interface ImagesSource {
  readonly stream: Stream; // of stand-ins that are drawn
  readonly dataDir: string | undefined;
  readonly log: (line: string) => void;
}

export const images = oncePerThread(read, ({ stream, dataDir }, rows, { name }) => [name, stream.path, dataDir, rows]);

async function read(
  { stream, dataDir, log }: ImagesSource,
  rows: RowSettings,
  architecture: Architecture,
  load: (options: LoadOptions) => Promise<LoadedDataset>,
): Promise<Images> {
  if (!(rows.heldOut <= rows.validation && rows.validation < rows.train))
    reject("rows", "must hold heldOut ≤ validation < train", JSON.stringify(rows));
  const data = await load({
    stream: stream.split("data"),
    rows: { train: rows.train, test: rows.test },
    log,
    ...(dataDir !== undefined && { dataDir }),
  });
  const { name, sha256, synthetic, notice, inputShape, classes } = data;
  const inputsOf = ({ inputs }: LoadedDataset["train"]): Float32Array =>
    inputs instanceof Int32Array
      ? reject(name, "must be images", "whole numbers")
      : graphInputs(architecture, inputs, inputShape);
  const [train, test] = [inputsOf(data.train), inputsOf(data.test)];
  const inputs = new Float32Array(train.length + test.length);
  inputs.set(train);
  inputs.set(test, train.length);
  return {
    record: { name, sha256, synthetic, ...(notice !== undefined && { notice }) },
    classes,
    inputs,
    width: train.length / rows.train,
    labels: { train: data.train.labels, test: data.test.labels },
  };
}
