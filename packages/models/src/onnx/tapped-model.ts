/** @file A model opened for probing: read, tried once, its taps measured. */
import { planInputs } from "./inputs.ts";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import { readModel } from "./read-model.ts";
import type { OnnxModel } from "./read-model.ts";
import { sampleRows } from "./sample-rows.ts";
import type { OpenDimensions } from "./sample-rows.ts";
import { selectTaps } from "./select-taps.ts";
import type { MeasuredTap } from "./tapped-session.ts";
import { listTaps } from "./taps.ts";
import type { Tap } from "./taps.ts";
import { findLayouts } from "./tap-layout.ts";
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
  readonly model: OnnxModel;
  readonly plan: BatchPlan;
  /** Every tap in depth order, refused ones too, with their reason. */
  readonly taps: readonly (MeasuredTap | (Tap & { readonly refused: string }))[];
  /** The taps that selectors name (see select-taps.ts). */
  select(selectors: readonly string[]): MeasuredTap[];
}

/** Reads a model and measures all its taps by a trial run. */
export async function openModel(
  source: string | Uint8Array | OnnxModel,
  options: OpenModelOptions = {},
): Promise<TappedModel> {
  const model = typeof source === "string" || source instanceof Uint8Array ? readModel(source) : source;
  const plan = planInputs(model.graph, options.batchAxes);
  const listed = listTaps(model);
  const names = listed.flatMap(({ name, refused }) => (refused === undefined ? [name] : []));
  const measured = await tryModel(
    model,
    plan,
    names,
    options.sample ?? sampleRows(model.graph, plan, options.dimensions),
    options,
  );
  const layouts = findLayouts(model.graph);
  const taps = listed.map((tap): TappedModel["taps"][number] => {
    if (tap.refused !== undefined) return { ...tap, refused: tap.refused };
    const facts = measured.get(tap.name) ?? { refused: "the trial run did not reach it" };
    if ("refused" in facts) return { ...tap, refused: facts.refused };
    const layout = facts.shape.length === 3 ? layouts.get(tap.name) : undefined;
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
