/** @file What `probes inspect` shows before anything runs for long: each tap, its size, and what storing it would take. */
import { formatOf } from "../foreign-model.ts";
import { printable } from "./printable.ts";
import { openModel } from "./tapped-model.ts";
import type { OpenModelOptions } from "./tapped-model.ts";

export interface InspectedTap {
  readonly depth: number;
  readonly name: string; // harmless to print
  readonly operator: string;
  readonly group: string;
  readonly type: string;
  /** Shape of one row, "64×56×56". */
  readonly shape: string;
  readonly features: number;
  /** Bytes of the tap for all rows, as float32, unreduced. */
  readonly storageBytes: number;
  readonly auto: boolean; // among those that `--taps auto` picks
  /** "" when the tap can be probed; else why not. */
  readonly refused: string;
}

export interface InspectedModel {
  readonly name: string;
  readonly fingerprint: string;
  readonly format: string; // "opset 17"
  readonly producer: string;
  readonly nodes: number;
  /** e.g. "x float32 [N, 3, 224, 224]". */
  readonly inputs: readonly string[];
  readonly fixedBatch: number | null;
  readonly rows: number;
  readonly taps: readonly InspectedTap[];
  readonly autoStorageBytes: number;
}

export interface InspectOptions extends OpenModelOptions {
  /** Rows the estimate is for; default 10,000. */
  readonly rows?: number;
}

/** Opens a model by a trial run and lists its taps in depth order, refused ones too. */
export async function inspectModel(source: string | Uint8Array, options: InspectOptions = {}): Promise<InspectedModel> {
  const rows = options.rows ?? 10_000;
  const tapped = await openModel(source, options);
  const { model, plan, taps } = tapped;
  const auto = new Set(tapped.select(["auto"]).map(({ name }) => name));
  const inspected = taps.map((tap): InspectedTap => {
    const measured = tap.refused === undefined && "features" in tap ? tap : undefined;
    return {
      depth: tap.depth,
      name: printable(tap.name),
      operator: printable(tap.operator),
      group: printable(tap.group),
      type: measured?.type ?? tap.declared.type ?? tap.declared.kind,
      shape: measured ? measured.shape.join("×") || "1" : "",
      features: measured?.features ?? 0,
      storageBytes: (measured?.features ?? 0) * rows * 4,
      auto: auto.has(tap.name),
      refused: printable(tap.refused ?? "", 300),
    };
  });
  return {
    name: model.name,
    fingerprint: model.fingerprint,
    format: formatOf(model),
    producer: model.producer,
    nodes: model.graph.nodes.length,
    inputs: plan.inputs.map(
      ({ name, type, dims }) =>
        `${printable(name)} ${type} [${dims ? dims.map((dim) => (typeof dim === "string" ? printable(dim, 30) : (dim ?? "?"))).join(", ") : "?"}]`,
    ),
    fixedBatch: plan.fixedBatch,
    rows,
    taps: inspected,
    autoStorageBytes: inspected.reduce((total, tap) => total + (tap.auto ? tap.storageBytes : 0), 0),
  };
}
