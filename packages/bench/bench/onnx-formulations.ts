/**
 * @file The softmax loss and gradient as ONNX graphs. `Gemm(X, R, transA)` is a poor form for few classes, so several
 * are tried and the fastest counts. The reference-class form does what our kernel does: the last class has margin 0.
 */
import { onnxBuild } from "@linear-probes/models";
import { InferenceSession, Tensor } from "onnxruntime-node";

const { graph, modelBytes, node, tensor, valueInfo } = onnxBuild;
type Node = ReturnType<typeof node>;

export interface Formulation {
  readonly name: string;
  /** From X [n, d], W [k, d] and Y [n, k] to Z. */
  readonly forward: readonly Node[];
  /** From X and R [n, k] to G: [k, d], or [d, k] when `transposed`. */
  readonly backward: readonly Node[];
  readonly transposed: boolean;
  /** Margins and gradient are of the first k - 1 classes only. */
  readonly reference: boolean;
}

interface Problem {
  readonly x: Float32Array;
  readonly labels: Int32Array;
  readonly weights: Float32Array; // [k, d]
}

const gemmForward = [node("Gemm", ["X", "W"], ["Z"], { attributes: { transB: 1 } })];
const matMulForward = [node("Transpose", ["W"], ["Wt"]), node("MatMul", ["X", "Wt"], ["Z"])];
const xr = [node("Gemm", ["X", "R"], ["G"], { attributes: { transA: 1 } })];
const rx = [node("Gemm", ["R", "X"], ["G"], { attributes: { transA: 1 } })];
const transposedRx = [node("Transpose", ["R"], ["Rt"]), node("MatMul", ["Rt", "X"], ["G"])];

export function onnxGraphs(k: number): Formulation[] {
  const all: Formulation[] = [
    { name: "Gemm, Gemm(X, R')", forward: gemmForward, backward: xr, transposed: true, reference: false },
    { name: "Gemm, Gemm(R', X)", forward: gemmForward, backward: rx, transposed: false, reference: false },
    {
      name: "MatMul, MatMul(R', X)",
      forward: matMulForward,
      backward: transposedRx,
      transposed: false,
      reference: false,
    },
  ];
  const reference = { forward: matMulForward, backward: transposedRx, transposed: false, reference: true };
  return [...all, { name: `MatMul, ${k - 1} of ${k} classes`, ...reference }];
}

/** Loss and R = (softmax(Z) - Y)/n from Z [n, k]. */
const softmax = (z: string): Node[] => [
  node("LogSoftmax", [z], ["L"], { attributes: { axis: 1 } }),
  node("Mul", ["L", "Y"], ["LY"]),
  node("ReduceSum", ["LY"], ["total"], { attributes: { keepdims: 0 } }),
  node("Mul", ["total", "minusOneOverN"], ["loss"]),
  node("Exp", ["L"], ["P"]),
  node("Sub", ["P", "Y"], ["difference"]),
  node("Mul", ["difference", "oneOverN"], ["residual"]),
];

function nodesOf({ forward, backward, reference }: Formulation): Node[] {
  if (!reference) return [...forward, ...softmax("Z"), node("Identity", ["residual"], ["R"]), ...backward];
  return [
    ...forward,
    node("Concat", ["Z", "zeros"], ["Zall"], { attributes: { axis: 1 } }),
    ...softmax("Zall"),
    node("Slice", ["residual", "start", "end", "axes"], ["R"]),
    ...backward,
  ];
}

/** Opens one graph over the given arrays; `run` returns the loss and the gradient as [k or k-1, d]. */
export async function openGraph(
  formulation: Formulation,
  { n, d, k }: { readonly n: number; readonly d: number; readonly k: number },
  { x, labels, weights }: Problem,
  threads: number,
): Promise<{ run(): Promise<{ loss: number; gradient: Float32Array }> }> {
  const live = formulation.reference ? k - 1 : k;
  const one = (name: string, value: number) => tensor(name, [1], Float32Array.of(value));
  const whole = (name: string, value: number) => tensor(name, [1], BigInt64Array.of(BigInt(value)));
  const model = modelBytes(
    graph({
      nodes: nodesOf(formulation),
      inputs: [valueInfo("X", [n, d]), valueInfo("W", [live, d]), valueInfo("Y", [n, k])],
      outputs: [valueInfo("loss"), valueInfo("G")],
      initializers: [
        one("oneOverN", 1 / n),
        one("minusOneOverN", -1 / n),
        ...(formulation.reference
          ? [tensor("zeros", [n, 1], new Float32Array(n)), whole("start", 0), whole("end", live), whole("axes", 1)]
          : []),
      ],
    }),
  );
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Its threads must not spin while others are timed.
    extra: { session: { force_spinning_stop: "1" } },
  });
  const y = new Float32Array(n * k);
  labels.forEach((label, i) => (y[i * k + label] = 1));
  const w = formulation.reference ? differences(weights, k, d) : weights;
  const feeds = {
    X: new Tensor("float32", x, [n, d]),
    W: new Tensor("float32", w, [live, d]),
    Y: new Tensor("float32", y, [n, k]),
  };
  return {
    async run() {
      const { loss, G } = await session.run(feeds);
      const values = G?.data;
      if (!(values instanceof Float32Array)) throw new Error("onnxruntime: no gradient came back");
      const gradient = formulation.transposed ? transpose(values, d, live) : values;
      return { loss: Number(loss?.data[0]), gradient };
    },
  };
}

/** W minus its last row, without it. */
function differences(weights: Float32Array, k: number, d: number): Float32Array {
  return weights.slice(0, (k - 1) * d).map((w, i) => w - (weights[(k - 1) * d + (i % d)] ?? 0));
}

function transpose(values: Float32Array, rows: number, cols: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) out[c * rows + r] = values[r * cols + c] ?? 0;
  return out;
}
