/**
 * @file `npm run bench:kernels`: one softmax loss and gradient by our fused kernel, against onnxruntime on the best of
 * several graphs of the same function, in alternating runs. Prints milliseconds, GFLOP/s (4·n·d·k useful ones, also
 * where a reference class saves some) and whether the targets are met. Arguments: [threads] [rounds].
 */
import { availableParallelism, cpus } from "node:os";
import { createWasmRuntime, type ProblemKernels } from "@linear-probes/core";
import { median } from "../src/median.ts";
import { onnxGraphs, openGraph, type Formulation } from "./onnx-formulations.ts";
import { flopsOf, problemOf, type Shape } from "./random-problem.ts";

interface Contender {
  readonly name: string;
  readonly times: number[]; // ms
  readonly cpu: number[]; // ms of all threads: what a busy machine disturbs least
  run(): Promise<{ loss: number; gradient: ArrayLike<number> }>;
}

interface Verdict {
  readonly shape: Shape;
  readonly gigaflops: number; // best of ours
  readonly ratio: number; // best onnxruntime median / our median
  readonly bestRatio: number; // the same of the fastest runs
  readonly cpuRatio: number; // the same of processor time
}

const SHAPES: readonly Shape[] = [
  { n: 50_000, d: 784, k: 10 },
  { n: 50_000, d: 784, k: 2 },
  { n: 50_000, d: 128, k: 10 },
  { n: 50_000, d: 128, k: 2 },
  { n: 5_000, d: 25_088, k: 10 },
];

const threads = Number(process.argv[2] ?? Math.min(2, availableParallelism()));
const rounds = Number(process.argv[3] ?? 15);

function fused(kernels: ProblemKernels, weights: Float32Array, k: number): Contender {
  const w = Float64Array.from(weights);
  const bias = new Float64Array(k);
  const gradient = new Float64Array(w.length);
  const biasGradient = new Float64Array(k);
  return {
    name: "linear-probes fused",
    times: [],
    cpu: [],
    run: async () => ({ loss: kernels.valueAndGradient(w, bias, gradient, biasGradient), gradient }),
  };
}

async function timed(contender: Contender): Promise<void> {
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  await contender.run();
  contender.times.push(performance.now() - start);
  const { user, system } = process.cpuUsage(cpuStart);
  contender.cpu.push((user + system) / 1000);
}

async function checkAgreement(contenders: readonly Contender[]): Promise<void> {
  const [ours, ...others] = await Promise.all(contenders.map((contender) => contender.run()));
  if (ours === undefined) return;
  let size = 0;
  for (let i = 0; i < ours.gradient.length; i++) size = Math.max(size, Math.abs(ours.gradient[i] ?? 0));
  others.forEach((other, index) => {
    let error = Math.abs(other.loss - ours.loss) / ours.loss;
    for (let i = 0; i < other.gradient.length; i++) {
      error = Math.max(error, Math.abs((other.gradient[i] ?? 0) - (ours.gradient[i] ?? 0)) / size);
    }
    if (!(error < 1e-3)) throw new Error(`${contenders[index + 1]?.name}: differs from ours by ${error}`);
  });
}

async function measure(shape: Shape): Promise<Verdict> {
  const { n, d, k } = shape;
  const { x, labels, weights } = problemOf(shape);
  const runtime = await createWasmRuntime({ threads });
  const writer = runtime.createFeatures({ rows: n, cols: d });
  writer.write(0, x);
  const features = writer.finish();
  const ours = fused(runtime.bind(features, { labels, classes: k }), weights, k);
  const graphs: Formulation[] = onnxGraphs(k);
  const peers: Contender[] = [];
  for (const graph of graphs) {
    peers.push({
      name: `onnxruntime ${graph.name}`,
      times: [],
      cpu: [],
      ...(await openGraph(graph, shape, { x, labels, weights }, threads)),
    });
  }
  const contenders = [ours, ...peers];
  await checkAgreement(contenders);
  for (let warm = 0; warm < 3; warm++) for (const contender of contenders) await contender.run();
  for (let round = 0; round < rounds; round++) for (const contender of contenders) await timed(contender);
  await runtime.dispose();

  console.log(`\n${n} x ${d}, ${k} classes`);
  for (const { name, times, cpu } of contenders) {
    const best = Math.min(...times);
    const flops = flopsOf(shape);
    console.log(
      `  ${name.padEnd(38)} median ${median(times).toFixed(2).padStart(8)} ms   best ${best.toFixed(2).padStart(8)} ms` +
        `   ${(flops / median(times) / 1e6).toFixed(1).padStart(6)} / ${(flops / best / 1e6).toFixed(1)} GFLOP/s` +
        `   cpu ${median(cpu).toFixed(1).padStart(7)} ms`,
    );
  }
  return {
    shape,
    gigaflops: flopsOf(shape) / Math.min(...ours.times) / 1e6,
    ratio: Math.min(...peers.map(({ times }) => median(times))) / median(ours.times),
    cpuRatio: Math.min(...peers.map(({ cpu }) => median(cpu))) / median(ours.cpu),
    bestRatio: Math.min(...peers.flatMap(({ times }) => times)) / Math.min(...ours.times),
  };
}

function judge(verdicts: readonly Verdict[]): void {
  console.log("\nTargets");
  for (const { shape, gigaflops, ratio, bestRatio, cpuRatio } of verdicts) {
    const what = `${shape.n} x ${shape.d}, ${shape.k} classes`.padEnd(28);
    const ratios = `${ratio.toFixed(2)}x onnxruntime (medians), ${bestRatio.toFixed(2)}x (best), ${cpuRatio.toFixed(2)}x (cpu)`;
    if (shape.d === 784 && shape.k === 10) {
      const met = gigaflops >= 60 || ratio >= 1;
      console.log(
        `  ${what} ${gigaflops.toFixed(1)} GFLOP/s, ${ratios}; target 60 GFLOP/s or 1x: ${met ? "met" : "MISSED"}`,
      );
    } else if (shape.k === 2) {
      console.log(`  ${what} ${ratios}; target 2x: ${ratio >= 2 ? "met" : "MISSED"}`);
    } else {
      console.log(`  ${what} ${gigaflops.toFixed(1)} GFLOP/s, ${ratios}; no target`);
    }
  }
}

console.log(
  `${cpus()[0]?.model ?? "unknown processor"}, ${threads} threads, ${rounds} alternating rounds, Node ${process.version}`,
);
const verdicts: Verdict[] = [];
for (const shape of SHAPES) verdicts.push(await measure(shape));
judge(verdicts);
