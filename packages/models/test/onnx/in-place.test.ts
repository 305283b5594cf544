import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { graph, modelBytes, node, valueInfo, DataType } from "../../src/onnx/build.ts";
import { runInPlace, withSequence } from "../../src/onnx/in-place.ts";

const squares = modelBytes(
  graph({
    nodes: [node("Mul", ["x", "x"], ["square"]), node("Gather", ["square", "at"], ["picked"])],
    inputs: [valueInfo("x", [4], DataType.FLOAT), valueInfo("at", [1], DataType.INT64)],
    outputs: [valueInfo("square", [4], DataType.FLOAT), valueInfo("picked", [1], DataType.FLOAT)],
  }),
);
const feeds = (at: bigint) => ({
  x: new Tensor("float32", Float32Array.of(1, 2, 3, 4), [4]),
  at: new Tensor("int64", BigInt64Array.of(at), [1]),
});

it("outputs lie where they are wanted, in memory of the caller", async () => {
  const session = await InferenceSession.create(withSequence(squares));
  const square = new Float32Array(new SharedArrayBuffer(16));
  const picked = new Float32Array(1);
  await runInPlace(session, feeds(2n), {
    square: new Tensor("float32", square, [4]),
    picked: new Tensor("float32", picked, [1]),
  });
  expect([...square, ...picked]).toEqual([1, 4, 9, 16, 9]);
  await session.release();
});

it("a run that fails says why", async () => {
  const session = await InferenceSession.create(withSequence(squares), { logSeverityLevel: 4 });
  const places = { picked: new Tensor("float32", new Float32Array(1), [1]) };
  await expect(runInPlace(session, feeds(9n), places)).rejects.toThrow("out of data bounds");
  await session.release();
});

it("the model still gives its outputs to who asks in the ordinary way", async () => {
  const session = await InferenceSession.create(withSequence(squares));
  const { square } = await session.run(feeds(0n), ["square"]);
  expect(square?.data).toEqual(Float32Array.of(1, 4, 9, 16));
  await session.release();
});
