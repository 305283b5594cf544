/**
 * @file Outputs where the caller wants them, and nowhere else. onnxruntime writes an output into the memory that it is
 * given; its binding for Node (1.30) then copies every output once more, into an array made for that, which costs a deep
 * network's training step a sixth of its time. The binding cannot copy a sequence: it stops there, with everything
 * computed. So the model gets one as its first output, and what the binding says of it is expected.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import type { Tensor } from "onnxruntime-node";
import { int64s, node } from "./build.ts";

/** The first opset with sequences. */
export const IN_PLACE_OPSET = 11;

const SEQUENCE = "in-place/sequence";
const REFUSAL = "Non tensor type is temporarily not supported";

/** The model's bytes with that output before all others. Protobuf merges a message that is written twice. */
export function withSequence(model: Uint8Array): Uint8Array<ArrayBuffer> {
  const element = `${SEQUENCE}/element`;
  const nodes = [
    node("Constant", [], [element], { attributes: { value: int64s("", [0]) } }),
    node("SequenceConstruct", [element], [SEQUENCE]),
  ];
  const before = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { graph: { node: nodes, output: [{ name: SEQUENCE }] } }),
  );
  return Buffer.concat([before, model]);
}

/** Runs a session of a model `withSequence`; afterwards every output asked for lies in its place. */
export async function runInPlace(
  session: {
    run(feeds: Readonly<Record<string, Tensor>>, places: Readonly<Record<string, Tensor | null>>): Promise<unknown>;
  },
  feeds: Readonly<Record<string, Tensor>>,
  places: Readonly<Record<string, Tensor>>,
): Promise<void> {
  try {
    await session.run(feeds, { [SEQUENCE]: null, ...places });
  } catch (cause) {
    if (!(cause instanceof Error && cause.message.includes(REFUSAL))) throw cause;
  }
}
