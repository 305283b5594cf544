/** @file The kernels of one binding in the wasm back end: sets up each job, runs it, and takes the sums out. */
import { reject } from "../../errors.ts";
import { labelOutside } from "../../labels.ts";
import type {
  Binding,
  Evaluation,
  Features,
  LineValues,
  Margins,
  MinibatchSweep,
  ProblemKernels,
  RowSweep,
} from "../kernels.ts";
import { convolutionOf, runConvolvedSweep } from "./convolved.ts";
import { locationOf } from "./features.ts";
import { JOB } from "./job.ts";
import type { OperationName } from "./module.ts";
import { runRows } from "./rows.ts";
import { runSweep } from "./sweep.ts";
import { remember } from "./together.ts";
import { STRIP_COLUMNS, type Workspace } from "./workspace.ts";

/** Multiply-adds below which waking the workers costs more than they give. */
const ALONE = 500_000;

const addresses = new WeakMap<Margins, number>();

export function bindWasm(workspace: Workspace, features: Features, binding: Binding): ProblemKernels {
  const { rows: n, cols: d } = features;
  const { classes: k } = binding;
  checkBinding(n, d, binding);
  const labels = binding.labels.slice();
  const shift = new Float32Array(4 * Math.ceil(d / 4));
  if (binding.shift !== undefined) shift.set(binding.shift);
  const zp = k + (k & 1);
  const { kernels, crew } = workspace;
  const token = {};

  /** Describes the job's shape and brings in labels and shift, unless they are there already. */
  function describe(live: number): void {
    workspace.job({ cols: d, classes: k, live, index: 0, rowWeights: 0 });
    if (workspace.resident === token) return;
    workspace.job({ labels: workspace.put("labels", labels), shift: workspace.put("shift", shift) });
    workspace.resident = token;
  }

  /** b - reference [ZP] in a slot; `padding` is -Infinity where a softmax follows. */
  function putBias(name: string, bias: Float64Array | undefined, reference: number, padding: number): number {
    const values = new Float64Array(zp).fill(padding);
    for (let c = 0; c < k; c++) values[c] = (bias?.[c] ?? 0) - reference;
    return workspace.put(name, values);
  }

  function putWeights(weights: Float64Array, exact: boolean): void {
    if (weights.length !== k * d) reject("weights", `there must be ${k}·${d} numbers`, weights.length);
    workspace.job({
      source: workspace.put("plain weights", weights),
      weights: workspace.slot("weights", kernels.weightBytes(JOB)),
    });
    if (exact) kernels.packWeightsExact(JOB);
    else kernels.packWeights(JOB);
  }

  function traverse(name: OperationName, body: number): void {
    workspace.partition(n, body);
    workspace.locate(locationOf(features, workspace));
    workspace.run(name, n * d * k < ALONE);
  }

  function onMargins(name: OperationName, body = 0): void {
    workspace.partition(n, body);
    workspace.run(name, n * k * 20 < ALONE);
  }

  /** Sums number `at` of the head over partitions, in order. */
  const head = (): Float64Array => {
    kernels.reduce(JOB);
    return workspace.floats(crew.low.get("acc"), 4 + zp);
  };

  /** After a job that sums a gradient: returns the mean loss. */
  function takeGradient(gradient: Float64Array, biasGradient: Float64Array, exact: boolean): number {
    const sums = head();
    workspace.job({ out: workspace.slot("plain weights", k * d * 8) });
    if (exact) kernels.finishGradientExact(JOB);
    else kernels.finishGradient(JOB);
    gradient.set(workspace.floats(crew.low.get("out"), k * d));
    for (let c = 0; c < k; c++) biasGradient[c] = (sums[4 + c] ?? 0) / n;
    return (sums[0] ?? 0) / n;
  }

  function addressOf(margins: Margins): number {
    return addresses.get(margins) ?? reject("margins", "must come from createMargins and not be released", "others");
  }

  function createMargins(): Margins {
    const at = workspace.allocate(n * zp * 8, "margins");
    workspace.bytes(at, n * zp * 8).fill(0);
    const margins: Margins = {
      rows: n,
      classes: k,
      read: () => readMargins(addressOf(margins)),
      write(values) {
        if (values.length !== n * k) reject("margins", `there must be ${n}·${k} numbers`, values.length);
        const z = workspace.floats(addressOf(margins), n * zp);
        if (zp === k) z.set(values);
        else for (let i = 0; i < n; i++) z.set(values.subarray(i * k, (i + 1) * k), i * zp);
      },
    };
    addresses.set(margins, at);
    return margins;
  }

  /** Of all rows, or of those given. */
  function readMargins(at: number, of?: Int32Array): Float64Array {
    const z = workspace.floats(at, n * zp);
    if (zp === k && of === undefined) return z.slice();
    const out = new Float64Array((of?.length ?? n) * k);
    for (let i = 0; i * k < out.length; i++) {
      const from = (of?.[i] ?? i) * zp;
      for (let c = 0; c < k; c++) out[i * k + c] = z[from + c] ?? 0;
    }
    return out;
  }

  /** What `read` makes of softmax(Z) [n, ZP], which is gone afterwards. */
  function withProbabilities(margins: Margins, read: (at: number) => Float64Array): Float64Array {
    describe(k);
    const out = workspace.allocate(n * zp * 8, "probabilities");
    workspace.job({ bias: putBias("bias", undefined, 0, -Infinity), margins: addressOf(margins), out });
    onMargins("probabilities");
    const made = read(out);
    workspace.heap.free(out);
    return made;
  }

  function intoMargins(weights: Float64Array, bias: Float64Array, out: Margins, exact: boolean): void {
    describe(k);
    putWeights(weights, exact);
    workspace.job({ bias: putBias("bias", bias, 0, 0), margins: addressOf(out) });
    traverse(exact ? "forwardExact" : "forward", 0);
  }

  function fromMargins(margins: Margins, gradient: Float64Array, biasGradient: Float64Array, exact: boolean): number {
    describe(k - 1);
    workspace.job({ bias: putBias("bias", undefined, 0, -Infinity), margins: addressOf(margins) });
    traverse(exact ? "backwardExact" : "backward", kernels.gradientBytes(JOB));
    return takeGradient(gradient, biasGradient, exact);
  }

  /** W with the last class as reference: its margin is 0, so k - 1 classes are enough. */
  function putProbe(weights: Float64Array, bias: Float64Array): void {
    describe(k - 1);
    putWeights(weights, false);
    workspace.job({ bias: putBias("bias", bias, bias[k - 1] ?? 0, -Infinity) });
  }

  const evaluation = (sums: Float64Array): Evaluation => ({ loss: (sums[0] ?? 0) / n, errors: sums[1] ?? 0 });

  const bound: ProblemKernels = {
    rows: n,
    cols: d,
    classes: k,
    createMargins,
    releaseMargins(margins) {
      workspace.heap.free(addressOf(margins));
      addresses.delete(margins);
    },
    forward: (weights, bias, out) => intoMargins(weights, bias, out, false),
    backward: (margins, gradient, biasGradient) => fromMargins(margins, gradient, biasGradient, false),
    valueAndGradient(weights, bias, gradient, biasGradient, margins, from) {
      putProbe(weights, bias);
      workspace.job({
        margins: margins === undefined ? 0 : addressOf(margins),
        direction: from === undefined ? 0 : addressOf(from),
      });
      const whole = k > 2 && d <= STRIP_COLUMNS && locationOf(features, workspace).source === 0;
      traverse(whole ? "fusedWhole" : "fused", kernels.gradientBytes(JOB));
      return takeGradient(gradient, biasGradient, false);
    },
    hessianVector(margins, v, vBias, out, outBias) {
      describe(k - 1);
      putWeights(v, false);
      workspace.job({
        bias: putBias("bias", undefined, 0, -Infinity),
        source: putBias("direction bias", vBias, vBias[k - 1] ?? 0, 0),
        margins: addressOf(margins),
      });
      traverse("hessian", kernels.gradientBytes(JOB));
      takeGradient(out, outBias, false);
    },
    gram(rows, rowWeights) {
      describe(1);
      const m = rows?.length ?? n;
      checkRows(rows, rowWeights, m, n);
      const location = locationOf(features, workspace);
      const order = rows === undefined ? 0 : workspace.put("order", rows);
      workspace.job({
        order,
        index: location.source === 0 ? order : 0,
        rowWeights: rowWeights === undefined ? 0 : workspace.put("row weights", rowWeights),
      });
      const tiles = kernels.gramBytes(JOB);
      const maxParts = Math.min(16, Math.max(2, Math.floor(2 ** 26 / tiles)));
      workspace.partition(m, tiles, { forGram: true, maxParts });
      workspace.locate(location, rows !== undefined);
      workspace.run("gram", m * d * d < 2 * ALONE);
      kernels.reduce(JOB);
      workspace.job({ out: workspace.slot("gram", d * d * 8) });
      kernels.finishGram(JOB);
      return workspace.floats(crew.low.get("out"), d * d).slice();
    },
    evaluate(weights, bias) {
      putProbe(weights, bias);
      traverse("evaluate", 0);
      return evaluation(head());
    },
    forwardExact: (weights, bias, out) => intoMargins(weights, bias, out, true),
    backwardExact: (margins, gradient, biasGradient) => fromMargins(margins, gradient, biasGradient, true),
    along(margins, direction, t): LineValues {
      describe(k);
      const bias = putBias("bias", undefined, 0, -Infinity);
      workspace.job({ bias, margins: addressOf(margins), direction: addressOf(direction), t });
      onMargins("along");
      const [loss = 0, slope = 0, curvature = 0] = head();
      return { loss: loss / n, slope: slope / n, curvature: curvature / n };
    },
    advance(margins, direction, t) {
      describe(k);
      workspace.job({ margins: addressOf(margins), direction: addressOf(direction), t });
      onMargins("advance");
    },
    addBias(margins, by) {
      describe(k);
      workspace.job({ bias: putBias("bias", by, 0, 0), margins: addressOf(margins) });
      onMargins("addBias");
    },
    classMoments(margins) {
      describe(k);
      workspace.job({ bias: putBias("bias", undefined, 0, -Infinity), margins: addressOf(margins) });
      onMargins("moments", (k + 1) * zp * 8);
      const sums = head();
      const body = workspace.floats(crew.low.get("acc") + kernels.accBody(JOB), (k + 1) * zp);
      const covariance = new Float64Array(k * k);
      for (let a = 0; a < k; a++) {
        for (let b = 0; b < k; b++) {
          covariance[a * k + b] = ((a === b ? (body[k * zp + a] ?? 0) : 0) - (body[a * zp + b] ?? 0)) / n;
        }
      }
      return { residual: sums.slice(4, 4 + k).map((sum) => sum / n), covariance };
    },
    score(margins) {
      describe(k);
      workspace.job({ bias: putBias("bias", undefined, 0, -Infinity), margins: addressOf(margins) });
      onMargins("score");
      return evaluation(head());
    },
    probabilities: (margins, of) => withProbabilities(margins, (at) => readMargins(at, of)),
    uncertainties(margins) {
      return withProbabilities(margins, (at) => {
        const p = workspace.floats(at, n * zp);
        const out = new Float64Array(n);
        for (let i = 0; i < n; i++) {
          let sum = 1;
          for (let c = i * zp; c < i * zp + k; c++) sum -= p[c]! * p[c]!;
          out[i] = sum;
        }
        return out;
      });
    },
    rmspropEpoch(sweep: MinibatchSweep) {
      const shape = { n, d, k, labels };
      const convolution = convolutionOf(features);
      if (convolution !== undefined) return runConvolvedSweep(workspace, convolution, shape, shift, sweep);
      describe(k - 1);
      return runSweep(workspace, locationOf(features, workspace), shape, sweep);
    },
    rowSweep(sweep: RowSweep) {
      describe(k);
      return runRows(workspace, locationOf(features, workspace), { n, d, k, labels }, sweep);
    },
  };
  return remember(bound, { features, classes: k, labels, shift, addressOf });
}

function checkBinding(n: number, d: number, { labels, classes, shift }: Binding): void {
  if (!(Number.isInteger(classes) && classes >= 2)) reject("classes", "there must be two at least", classes);
  if (labels.length !== n) reject("labels", `there must be one for each of ${n} rows`, labels.length);
  if (shift !== undefined && shift.length !== d) {
    reject("shift", `there must be one number for each of ${d} columns`, shift.length);
  }
  const wrong = labelOutside(labels, classes);
  if (wrong >= 0) reject(`labels[${wrong}]`, `must be 0..${classes - 1}`, labels[wrong]);
}

function checkRows(rows: Int32Array | undefined, weights: Float64Array | undefined, m: number, n: number): void {
  if (m === 0) reject("rows", "there must be one at least", 0);
  const wrong = rows?.find((row) => !(row >= 0 && row < n));
  if (wrong !== undefined) reject("rows", `must be 0..${n - 1}`, wrong);
  if (weights !== undefined && weights.length !== m) {
    reject("rowWeights", `there must be one for each of ${m} rows`, weights.length);
  }
}
