/**
 * @file The independent check of every tap: each node is run as a model of its own, on the values that the nodes before it
 * gave, one row at a time. No part of the code under test takes part, except reading the file.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import type { GraphProto, NodeProto } from "onnx-buf";
import { InferenceSession } from "onnxruntime-node";
import type { Tensor } from "onnxruntime-node";
import { DataType } from "../../src/onnx/build.ts";
import { makeTensor } from "../../src/onnx/inputs.ts";

const codes: Readonly<Record<string, DataType>> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int64: DataType.INT64,
  int32: DataType.INT32,
  uint8: DataType.UINT8,
  int8: DataType.INT8,
  bool: DataType.BOOL,
};

/** Every tensor of the graph for the given feeds. Values that are not tensors end their branch. */
export async function runNodeByNode(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
  folder: string,
): Promise<Map<string, Tensor>> {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph;
  if (!graph) throw new Error("no graph");
  const values = new Map(Object.entries(feeds));
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const left = new Set(graph.node);
  while (left.size > 0) {
    const next = [...left].find((node) =>
      reads(node, values, constants).every((name) => values.has(name) || constants.has(name)),
    );
    if (!next) break;
    left.delete(next);
    const inputs = reads(next, values, constants);
    const single = create(ModelProtoSchema, {
      irVersion: model.irVersion,
      opsetImport: model.opsetImport,
      functions: model.functions,
      graph: {
        name: "one",
        node: [next],
        initializer: graph.initializer.filter(({ name }) => inputs.includes(name)),
        input: inputs.flatMap((name) => {
          const value = values.get(name);
          return value
            ? [
                {
                  name,
                  type: {
                    value: {
                      case: "tensorType" as const,
                      value: { elemType: codes[value.type] ?? DataType.UNDEFINED },
                    },
                  },
                },
              ]
            : [];
        }),
        output: next.output.filter((name) => name !== "").map((name) => ({ name })),
      },
    });
    const session = await InferenceSession.create(toBinary(ModelProtoSchema, single), {
      graphOptimizationLevel: "disabled",
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
      extra: { session: { model_external_initializers_file_folder_path: folder } },
    });
    const wanted = session.outputMetadata.filter(({ isTensor }) => isTensor).map(({ name }) => name);
    if (wanted.length > 0) {
      const given = Object.fromEntries([...values].filter(([name]) => inputs.includes(name)));
      for (const [name, value] of Object.entries(await session.run(given, wanted))) values.set(name, feedable(value));
    }
    await session.release();
  }
  return values;
}

/** float16 comes out as Float16Array, which cannot be fed in again as it is. */
function feedable(value: Tensor): Tensor {
  return value.data instanceof Float16Array ? makeTensor(value.type, value.data, value.dims) : value;
}

/** Outer names that a node or its bodies read. */
function reads(node: NodeProto, values: ReadonlyMap<string, Tensor>, constants: ReadonlySet<string>): string[] {
  const names = new Set(node.input.filter((name) => name !== ""));
  const visit = (body: GraphProto): void => {
    const own = new Set(
      [...body.input, ...body.initializer].map(({ name }) => name).concat(body.node.flatMap(({ output }) => output)),
    );
    for (const inner of body.node) {
      for (const name of inner.input)
        if (!own.has(name) && (values.has(name) || constants.has(name) || name !== "")) names.add(name);
      for (const attribute of inner.attribute) if (attribute.g) visit(attribute.g);
    }
  };
  for (const attribute of node.attribute) if (attribute.g) visit(attribute.g);
  return [...names];
}
