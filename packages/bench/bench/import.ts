/**
 * @file `npm run bench:import`: what tapping costs. Inception v3 at 299 × 299 with the taps of `--taps auto`, one thread:
 * a bare onnxruntime run of the same graph, onnxruntime handing out the same tensors, and our lane with a reducer, in
 * turns. Ratios are of processor time, so that other programs disturb them less; prints images per second and memory.
 * Not among the reducers by default is sparse-projection, whose own eleven million additions an image cost half as much as
 * the network.
 */
import { Command, InvalidArgumentError } from "commander";
import { rootStream } from "@linear-probes/core";
import {
  arraySource,
  inceptionV3,
  openLanes,
  openModel,
  openSession,
  releaseLanes,
  writeTapActivations,
} from "@linear-probes/models";
import { Tensor } from "onnxruntime-node";
import { positiveInteger } from "../src/commands/arguments.ts";
import { textTable } from "../src/table.ts";
import { median } from "../src/median.ts";

const TARGET = 0.15;

interface Flags {
  readonly batch: number;
  readonly rounds: number;
  readonly reducers: readonly string[];
}

const log = (line: string): void => void process.stdout.write(`${line}\n`);

await new Command("bench:import")
  .option("--batch <n>", "images of a turn, and per forward pass of bare onnxruntime", positiveInteger, 8)
  .option("--rounds <n>", "turns of each contestant", atLeastThree, 7)
  .option("--reducers <specs...>", "what our lane keeps of a tap", [
    "random:1000",
    "avgpool",
    "maxpool",
    "pool-to:1000",
    "none",
  ])
  .action(run)
  .parseAsync();

interface Contestant {
  readonly name: string;
  run(): Promise<unknown>;
  readonly seconds: number[]; // of the processor, per round
  readonly wall: number[];
}

async function run({ batch, rounds, reducers }: Flags): Promise<void> {
  const tapped = await openModel(inceptionV3({ stream: rootStream("bench/inception-v3") }), { isolated: false });
  const taps = tapped.select(["auto"]);
  const shape = [3, 299, 299];
  const pixels = new Float32Array(batch * 3 * 299 * 299);
  rootStream("bench/images").fillNormal(pixels);
  const source = arraySource({ images: { data: pixels, shape } });
  const nowhere = taps.map(() => ({ write: () => {} }));
  const values = taps.reduce((sum, { features }) => sum + features, 0);
  log(
    `Inception v3, 299 × 299: ${taps.length} taps of ${values.toLocaleString("en")} values an image, ${batch} images a turn, one thread`,
  );

  const contestants: Contestant[] = [];
  const add = (name: string, work: () => Promise<unknown>): void =>
    void contestants.push({ name, run: work, seconds: [], wall: [] });
  const lanes = await Promise.all(
    reducers.map((reducer) => openLanes(tapped.model, tapped.plan, taps, { stream: "1", reducer })),
  );
  const [first] = lanes;
  if (first !== undefined) await writeTapActivations(first, source, nowhere);
  log(`peak memory of one lane with ${reducers[0]}, after the trial run: ${peakMiB()} MiB`);

  const feeds = { images: new Tensor("float32", pixels, [batch, ...shape]) };
  const bare = await openSession(tapped.model, [], "all");
  const own = tapped.model.graph.outputs;
  add("bare onnxruntime, the graph's own outputs", () => bare.run(feeds, own));
  const names = taps.map(({ name }) => name);
  const wide = await openSession(tapped.model, names, "all");
  add("onnxruntime handing out the same taps", () => wide.run(feeds, names));
  for (const [i, lane] of lanes.entries())
    add(`our lane, ${reducers[i]}, ${lane[0]?.batch} at a time`, () => writeTapActivations(lane, source, nowhere));

  for (const one of contestants) await one.run(); // first runs allocate
  for (let round = 0; round < rounds; round++) {
    for (const one of contestants) {
      const [cpu, wall] = [process.cpuUsage(), performance.now()];
      await one.run();
      const { user, system } = process.cpuUsage(cpu);
      one.seconds.push((user + system) / 1e6);
      one.wall.push((performance.now() - wall) / 1000);
    }
  }
  const base = contestants[0]?.seconds ?? [];
  const table = contestants.map(({ name, seconds, wall }) => {
    const overhead = median(seconds.map((value, i) => value / (base[i] ?? Number.NaN))) - 1;
    return [
      name,
      (batch / median(seconds)).toFixed(2),
      (batch / median(wall)).toFixed(2),
      seconds === base ? "" : `${(100 * overhead).toFixed(1)} %`,
      seconds === base || !name.startsWith("our") ? "" : overhead <= TARGET ? "met" : "MISSED",
    ];
  });
  const header = ["", "images per CPU second", "images per second", "overhead", `≤ ${100 * TARGET} %`];
  for (const line of textTable(header, table)) log(line);
  log(`peak memory with all contestants open: ${peakMiB()} MiB`);
  await Promise.all([...lanes.map(releaseLanes), bare.release(), wide.release()]);
}

function peakMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

function atLeastThree(text: string): number {
  const value = positiveInteger(text);
  if (value < 3) throw new InvalidArgumentError("A median wants at least three.");
  return value;
}
