/** @file A model opened for probing: read, tried once, its taps measured. */
import { InputError } from "@linear-probes/core";
import { planInputs } from "./inputs.ts";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import { readForeignModel } from "../foreign-model.ts";
import type { ForeignModel } from "../foreign-model.ts";
import { sampleRows } from "./sample-rows.ts";
import type { OpenDimensions } from "./sample-rows.ts";
import { selectTaps } from "./select-taps.ts";
import type { MeasuredTap } from "./tapped-session.ts";
import { listTaps } from "./taps.ts";
import type { Tap } from "./taps.ts";
import { findLayouts } from "./tap-layout.ts";
import type { Layout } from "./tap-layout.ts";
import { tryModel } from "./trial.ts";
import type { TrialOptions } from "./trial.ts";
import { product } from "./row-plan.ts";

export interface OpenModelOptions extends TrialOptions {
  /** Two rows of the data to come; without them made-up rows are used. */
  readonly sample?: RowBlock;
  /** Sizes for open dimensions of made-up rows, by symbol: `{ sequence: 128 }`. */
  readonly dimensions?: OpenDimensions;
  /** Which axis of an input holds the rows, where the names in the file do not say. */
  readonly batchAxes?: Readonly<Record<string, number>>;
}

export interface TappedModel {
  readonly model: ForeignModel;
  readonly plan: BatchPlan;
  /** Every tap in depth order, refused ones too, with their reason. */
  readonly taps: readonly (MeasuredTap | (Tap & { readonly refused: string }))[];
  /** The taps that selectors name (see select-taps.ts). */
  select(selectors: readonly string[]): MeasuredTap[];
}

/** Reads a model and measures all its taps by a trial run. */
export async function openModel(
  source: string | Uint8Array | ForeignModel,
  options: OpenModelOptions = {},
): Promise<TappedModel> {
  const given = typeof source === "string" || source instanceof Uint8Array ? await readForeignModel(source) : source;
  const plan = planInputs(given.graph, options.batchAxes);
  const listed = listTaps(given);
  const names = listed.flatMap(({ name, refused }) => (refused === undefined ? [name] : []));
  const sample = options.sample ?? sampleRows(given.graph, plan, options.dimensions);
  const { model, measured } = await tryOn(given, (model) => tryModel(model, plan, names, sample, options));
  const layouts = model.format === "onnx" ? findLayouts(model.graph) : undefined;
  const taps = listed.map((tap): TappedModel["taps"][number] => {
    if (tap.refused !== undefined) return { ...tap, refused: tap.refused };
    const facts = measured.get(tap.name) ?? { refused: "the trial run did not reach it" };
    if ("refused" in facts) return { ...tap, refused: facts.refused };
    const layout = facts.shape.length === 3 ? (layouts ? layouts.get(tap.name) : tfjsLayout) : undefined;
    return { ...tap, ...facts, features: product(facts.shape), ...(layout ? { layout } : {}) };
  });
  return {
    model,
    plan,
    taps,
    select: (selectors) =>
      selectTaps(model.graph, taps, selectors).filter((tap): tap is MeasuredTap => tap.refused === undefined),
  };
}

/** As tfjs's kernels want it; models of the other layout run on few of its backends. */
const tfjsLayout: Layout = "channels-last";

/** Tries a model of TensorFlow.js on its slow backend when the quick one lacks a kernel; which it was is part of the model. */
async function tryOn<M>(model: ForeignModel, run: (model: ForeignModel) => Promise<M>) {
  try {
    return { model, measured: await run(model) };
  } catch (error) {
    const lacking = error instanceof InputError && /not registered for (the )?backend/.test(error.message);
    if (!(lacking && model.format === "tfjs" && model.backend === "wasm")) throw error;
    const slower = { ...model, backend: "cpu" as const };
    return { model: slower, measured: await run(slower) };
  }
}
