/** @file `probes inspect`: the taps of a model, their sizes, and what storing them would take. Nothing is stored. */
import { type Command, InvalidArgumentError } from "commander";
import type { InspectedModel, InspectedTap } from "@linear-probes/models";
import { bytesText } from "../bytes-text.ts";
import type { Effects } from "../effects.ts";
import { textTable } from "../table.ts";
import { positiveInteger } from "./arguments.ts";

interface InspectFlags {
  readonly taps?: readonly string[];
  readonly rows: number;
  readonly dimensions?: Readonly<Record<string, number>>;
  readonly json: boolean;
}

/** Adds the command to `program`. */
export function inspectCommand(program: Command, effects: Pick<Effects, "log">): void {
  program
    .command("inspect")
    .description("list the taps of a model, with shape and size, before anything runs for long")
    .argument("<model>", "an ONNX file, or the model.json of a TensorFlow.js model")
    .option("--taps <selectors...>", "auto, all, op:<Operator>, group:<prefix>, a name or a glob (default: every tap)")
    .option("--rows <n>", "rows that the storage estimate is for", positiveInteger, 10_000)
    .option("--dimensions <name=size...>", "sizes of open dimensions, such as sequence=128", collectDimension)
    .option("--json", "machine-readable", false)
    .action(async (model: string, flags: InspectFlags) => {
      process.exitCode = await inspect(model, flags, effects);
    });
}

async function inspect(path: string, flags: InspectFlags, { log }: Pick<Effects, "log">): Promise<number> {
  const { inspectModel } = await import("@linear-probes/models"); // heavy, and no other command needs it
  const { rows, dimensions = {} } = flags;
  const found = await inspectModel(path, { rows, dimensions });
  const wanted = flags.taps === undefined ? undefined : await named(path, flags.taps, dimensions);
  const taps = found.taps.filter((tap) => wanted?.has(keyOf(tap)) ?? true);
  if (flags.json) log(JSON.stringify({ ...found, taps }, null, 2));
  else for (const line of describe(found, taps)) log(line);
  return 0;
}

/** The keys of the taps that selectors name. */
async function named(
  path: string,
  selectors: readonly string[],
  dimensions: Readonly<Record<string, number>>,
): Promise<ReadonlySet<string>> {
  const { openModel, printable } = await import("@linear-probes/models");
  const tapped = await openModel(path, { dimensions });
  return new Set(tapped.select(selectors).map(({ name, depth }) => keyOf({ name: printable(name), depth })));
}

function keyOf({ name, depth }: Pick<InspectedTap, "name" | "depth">): string {
  return JSON.stringify([depth, name]);
}

function describe(model: InspectedModel, taps: readonly InspectedTap[]): string[] {
  const usable = taps.filter(({ refused }) => refused === "");
  const refused = taps.filter(({ refused }) => refused !== "");
  const table = usable.map((tap) => [
    tap.depth,
    tap.auto ? "auto" : "",
    tap.name,
    tap.operator,
    tap.shape,
    tap.type,
    tap.features,
    bytesText(tap.storageBytes),
  ]);
  return [
    `${model.name}: ${model.format}, ${model.nodes} nodes, ${model.producer || "producer unknown"}, sha256 ${model.fingerprint}`,
    ...model.inputs.map(
      (input) => `input ${input}${model.fixedBatch === null ? "" : `, batch fixed at ${model.fixedBatch}`}`,
    ),
    "",
    ...textTable(["depth", "auto", "tap", "operator", "shape", "type", "features", `for ${model.rows} rows`], table),
    ...(refused.length === 0 ? [] : ["", "cannot be probed:"]),
    ...refused.map(({ name, operator, refused }) => `  ${name} (${operator}): ${refused}`),
    "",
    `${usable.length} taps can be probed, ${bytesText(total(usable))} unreduced; ` +
      `${usable.filter(({ auto }) => auto).length} of them by --taps auto, ${bytesText(total(usable.filter(({ auto }) => auto)))}`,
  ];
}

function total(taps: readonly InspectedTap[]): number {
  return taps.reduce((sum, { storageBytes }) => sum + storageBytes, 0);
}

function collectDimension(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const [, name = "", size = ""] = /^(.+)=(\d+)$/.exec(text) ?? [];
  if (!(Number(size) >= 1)) throw new InvalidArgumentError("It must be name=size.");
  return { ...before, [name]: Number(size) };
}
