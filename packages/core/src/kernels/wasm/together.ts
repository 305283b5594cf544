/** @file One traversal of X for the products of several bindings: the members' jobs, side by side (assembly/together.ts). */
import { reject } from "../../errors.ts";
import type { Features, GradientProduct, Margins, ProblemKernels, ValueProduct } from "../kernels.ts";
import { locationOf } from "./features.ts";
import { JOB } from "./job.ts";
import type { OperationName } from "./module.ts";
import type { Workspace } from "./workspace.ts";

/** What a binding made of its features and labels. */
export interface Member {
  readonly features: Features;
  readonly classes: number; // k
  readonly labels: Int32Array;
  readonly shift: Float32Array; // padded
  readonly addressOf: (margins: Margins) => number;
}

const members = new WeakMap<ProblemKernels, Member>();

export function remember(kernels: ProblemKernels, member: Member): ProblemKernels {
  members.set(kernels, member);
  return kernels;
}

const ALONE = 500_000; // as in problem.ts
const HEAD = 32; // bytes of a partition's sums before those of the bias

const padded = (k: number): number => k + (k & 1);

/** Margins, G and gBias of each at its weights; returns their losses. */
export function valueTogether(workspace: Workspace, products: readonly ValueProduct[]): number[] {
  return gradientsOf(
    workspace,
    "fusedTogether",
    products,
    ({ weights, bias, margins, from }, { classes: k, addressOf }, i) => {
      const values = new Float64Array(padded(k)).fill(-Infinity);
      for (let c = 0; c < k; c++) values[c] = (bias[c] ?? 0) - (bias[k - 1] ?? 0);
      workspace.job({
        source: workspace.put(`plain weights ${i}`, weights),
        weights: workspace.slot(`weights ${i}`, workspace.kernels.weightBytes(JOB)),
        bias: workspace.put(`bias ${i}`, values),
        margins: addressOf(margins),
        direction: from === undefined ? 0 : addressOf(from),
      });
      workspace.kernels.packWeights(JOB);
    },
  );
}

/** G, gBias of each from its margins; returns their losses. */
export function backwardTogether(workspace: Workspace, products: readonly GradientProduct[]): number[] {
  return gradientsOf(workspace, "backwardTogether", products, ({ margins }, { classes: k, addressOf }, i) => {
    const values = new Float64Array(padded(k)).fill(-Infinity);
    values.fill(0, 0, k);
    workspace.job({ bias: workspace.put(`bias ${i}`, values), margins: addressOf(margins) });
  });
}

/** Runs `name` over jobs that `describe` completes, and takes the gradients out. */
function gradientsOf<P extends GradientProduct>(
  workspace: Workspace,
  name: OperationName,
  products: readonly P[],
  describe: (product: P, member: Member, at: number) => void,
): number[] {
  const { kernels } = workspace;
  const outs: number[] = [];
  const list = run(workspace, name, products, (product, member, i) => {
    const out = workspace.slot(`gradient ${i}`, member.classes * member.features.cols * 8);
    outs[i] = out;
    workspace.job({ live: member.classes - 1, out });
    describe(product, member, i);
  });
  kernels.reduce(JOB);
  return products.map(({ kernels: bound, gradient, biasGradient }, i) => {
    const { features, classes: k } = memberOf(bound);
    kernels.finishGradient(list.jobs[i] ?? 0);
    gradient.set(workspace.floats(outs[i] ?? 0, k * features.cols));
    const sums = workspace.floats(list.sums[i] ?? 0, HEAD / 8 + k);
    for (let c = 0; c < k; c++) biasGradient[c] = (sums[HEAD / 8 + c] ?? 0) / features.rows;
    return (sums[0] ?? 0) / features.rows;
  });
}

interface MemberJobs {
  readonly jobs: readonly number[]; // addresses
  readonly sums: readonly number[]; // of partition 0
}

/** Runs `name` over members whose jobs `describe` completes. */
function run<P extends { readonly kernels: ProblemKernels }>(
  workspace: Workspace,
  name: OperationName,
  products: readonly P[],
  describe: (product: P, member: Member, at: number) => void,
): MemberJobs {
  const all = products.map(({ kernels }) => memberOf(kernels));
  const [first] = all;
  if (first === undefined) return { jobs: [], sums: [] };
  if (!all.every((one) => sameRows(one, first))) {
    reject("products", "must be of one features with one shift to be made together", "others");
  }
  const { rows: n, cols: d } = first.features;
  const { kernels, crew } = workspace;
  const classes = all.reduce((sum, one) => sum + padded(one.classes), 0);
  const size = kernels.jobBytes();
  const list = workspace.slot("members", all.length * size);
  const shift = workspace.put("shift together", first.shift);
  workspace.resident = undefined;
  workspace.job({ cols: d, classes, live: classes, index: 0, rowWeights: 0, shift });
  const lengths = all.map(({ classes: k }) => {
    workspace.job({ classes: k });
    return 64 * Math.ceil((HEAD + 8 * padded(k) + kernels.gradientBytes(JOB)) / 64);
  });
  workspace.job({ classes });
  workspace.partition(
    n,
    lengths.reduce((sum, bytes) => sum + bytes, 0),
  );
  workspace.locate(locationOf(first.features, workspace));
  const whole = workspace.bytes(JOB, size).slice();
  let at = crew.low.get("acc");
  const sums = lengths.map((bytes) => (at += bytes) - bytes);
  const jobs = products.map((product, i) => {
    const one = all[i] ?? first;
    workspace.job({ classes: one.classes, labels: workspace.put(`labels ${i}`, one.labels), acc: sums[i] ?? 0 });
    describe(product, one, i);
    workspace.bytes(list + i * size, size).set(workspace.bytes(JOB, size));
    return list + i * size;
  });
  workspace.bytes(JOB, size).set(whole);
  workspace.job({ source: list, batch: all.length });
  workspace.run(name, n * d * classes < ALONE);
  return { jobs, sums };
}

/** What `remember` was told. */
export function memberOf(kernels: ProblemKernels): Member {
  return members.get(kernels) ?? reject("kernels", "must be bound by this back end", "others");
}

function sameRows(a: Member, b: Member): boolean {
  return a.features === b.features && a.shift.every((value, j) => value === b.shift[j]);
}
