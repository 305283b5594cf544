import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@linear-probes/core";
import type { TensorProto } from "onnx-buf";
import { afterAll, describe, expect, it, vi } from "vitest";
import { DataType, graph, int64s, modelBytes, node, tensor, valueInfo } from "../../src/onnx/build.ts";
import type { GraphParts, ModelOptions } from "../../src/onnx/build.ts";
import { printable } from "../../src/onnx/printable.ts";
import { readModel } from "../../src/onnx/read-model.ts";
import { openModel } from "../../src/onnx/tapped-model.ts";
import { makeFixtures, outside } from "./make-fixtures.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes and threads start slowly on a busy machine
const folder = mkdtempSync(join(tmpdir(), "onnx-hostile-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** y = relu(x W), with parts replaced. */
function small(parts: Partial<GraphParts> = {}, options: ModelOptions = {}): Uint8Array<ArrayBuffer> {
  return modelBytes(
    graph({
      nodes: [node("MatMul", ["x", "w"], ["h"]), node("Relu", ["h"], ["y"])],
      inputs: [valueInfo("x", ["N", 2])],
      outputs: [valueInfo("y")],
      initializers: [weight()],
      ...parts,
    }),
    options,
  );
}

function weight(): TensorProto {
  return tensor("w", [2, 2], Float32Array.of(1, 2, 3, 4));
}

function changed(change: (w: TensorProto) => void): Uint8Array {
  const w = weight();
  change(w);
  return small({ initializers: [w] });
}

describe("a file that is not a whole model is refused by name, field and value", () => {
  const whole = small();
  const cases: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    empty: [new Uint8Array(0), /^bad\.onnx: file: must not be empty/],
    truncated: [whole.slice(0, whole.length - 5), /^bad\.onnx: protobuf: must be a whole ONNX file/],
    garbage: [
      new TextEncoder().encode("<!DOCTYPE html><html><body>404</body></html>"),
      /^bad\.onnx: protobuf: must be a whole ONNX file/,
    ],
    "deeply nested": [nested(5001), /nesting deeper than 90 messages/],
    "many empty nodes": [manyNodes(5_000_000), /must decode into at most 1\.5 GB/],
    "no nodes": [small({ nodes: [] }), /graph: must have nodes, got 0/],
    "no inputs": [
      small({ inputs: [valueInfo("w", [2, 2])], nodes: [node("Relu", ["w"], ["y"])] }),
      /graph\.input: needs at least one input/,
    ],
    "opset 6": [small({}, { opset: 6 }), /opset_import: must be 7 to 23, got 6/],
    "opset 24": [small({}, { opset: 24 }), /opset_import: must be 7 to 23, got 24/],
    cycle: [
      small({ nodes: [node("Add", ["x", "y"], ["h"], { name: "first" }), node("Relu", ["h"], ["y"])] }),
      /must have no cycle, got "\\"first\\" \(Add\)"/,
    ],
    "missing tensor": [
      small({ nodes: [node("MatMul", ["x", "gone"], ["h"], { name: "m" }), node("Relu", ["h"], ["y"])] }),
      /node "m" \(MatMul\), input: must name a tensor that exists, got "gone"/,
    ],
    "missing output": [small({ outputs: [valueInfo("z")] }), /graph\.output: must name a tensor that exists, got "z"/],
    "missing in a body": [small({ nodes: [ifNode("gone")] }), /input: must name a tensor that exists, got "gone"/],
    "made twice": [
      small({ nodes: [node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])] }),
      /each tensor must be made once, got "y"/,
    ],
    "huge dims": [changed((w) => (w.dims = [2n ** 62n, 2n ** 62n])), /initializer "w", dims: at most 2\^40 elements/],
    "more dims than data": [
      changed((w) => (w.dims = [1000n, 1000n])),
      /initializer "w", raw_data: must be the 4000000 bytes .*got "16 bytes"/,
    ],
    "negative dims": [
      changed((w) => (w.dims = [-1n, 4n])),
      /initializer "w", dims: dimensions must be at least 0, got -1/,
    ],
    "many dims": [changed((w) => (w.dims = Array.from({ length: 100 }, () => 1n))), /at most 64 dimensions, got 100/],
    "unknown type": [
      changed((w) => (w.dataType = 99)),
      /initializer "w", data_type: must be an element type of ONNX, got 99/,
    ],
    "huge input": [small({ inputs: [valueInfo("x", [2 ** 40, 2])] }), /input "x", dims: at most 2\^26 elements/],
    "sequence input": [small({ inputs: [valueInfo("x", ["N", 2], DataType.STRING)] }), /onnxruntime|must be numbers/],
  };
  it.each(Object.entries(cases))("%s", async (_, [bytes, message]) => {
    const path = join(folder, "bad.onnx");
    writeFileSync(path, bytes);
    await expect(openModel(path, { isolated: false })).rejects.toThrow(message);
    await expect(openModel(path, { isolated: false })).rejects.toBeInstanceOf(InputError);
  });

  it("every truncation of every fixture is refused or read, never crashes", () => {
    for (const { bytes } of makeFixtures()) {
      for (let length = 0; length < bytes.length; length += 7) {
        try {
          readModel(bytes.slice(0, length));
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }
    }
  });

  it("a folder, a pipe and a device are not files", () => {
    const pipe = join(folder, "pipe.onnx");
    makePipe(pipe);
    for (const path of [folder, pipe, "/dev/zero"]) expect(() => readModel(path)).toThrow(/must be a regular file/);
    expect(() => readModel(join(folder, "none.onnx"))).toThrow(/none\.onnx: file: must be readable/);
  });
});

describe("external data stays inside the model's folder", () => {
  const home = join(folder, "home");
  mkdirSync(join(home, "sub"), { recursive: true });
  writeFileSync(join(folder, "secret.bin"), new Uint8Array(16));
  writeFileSync(join(home, "w.bin"), new Uint8Array(16));
  writeFileSync(join(home, "sub", "w.bin"), new Uint8Array(16));
  writeFileSync(join(home, "short.bin"), new Uint8Array(15));
  symlinkSync(join(folder, "secret.bin"), join(home, "link.bin"));
  symlinkSync("/dev/zero", join(home, "zero.bin"));
  symlinkSync(folder, join(home, "up"));
  symlinkSync(join(home, "w.bin"), join(home, "inside.bin"));
  makePipe(join(home, "pipe.bin"));

  function read(location: string, offset = 0, more: Readonly<Record<string, string>> = {}): unknown {
    const path = join(home, "m.onnx");
    writeFileSync(path, small({ initializers: [outside(weight(), location, offset, more)] }));
    return readModel(path);
  }

  it.each(["w.bin", "sub/w.bin", "./w.bin", "inside.bin"])("reads %s", (location) => {
    expect(read(location)).toHaveProperty("externalFiles", [
      { location, sha256: "374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb" },
    ]);
  });

  it.each([
    ["", /must name a file/],
    ["w.bin\0.txt", /must name a file/],
    [join(folder, "secret.bin"), /must be a relative path/],
    ["C:\\secret.bin", /must be a relative path/],
    ["../secret.bin", /must not contain '\.\.'/],
    ["sub/../../secret.bin", /must not contain '\.\.'/],
    ["sub\\..\\..\\secret.bin", /must not contain '\.\.'/],
    ["link.bin", /must stay inside the model's folder/],
    ["up/secret.bin", /must stay inside the model's folder/],
    ["zero.bin", /must stay inside the model's folder/],
    ["/dev/zero", /must be a relative path/],
    ["pipe.bin", /must be a regular file/],
    ["sub", /must be a regular file/],
    ["none.bin", /must name a file that exists/],
    ["short.bin", /offset \+ length must be at most the file's 15 bytes, got 16/],
  ])("refuses %j", (location, message) => {
    expect(() => read(location)).toThrow(message);
    expect(() => read(location)).toThrow(/^m\.onnx: tensor "w", external_data/);
  });

  it("refuses offsets and lengths that do not fit", () => {
    expect(() => read("w.bin", 1)).toThrow(/offset \+ length/);
    expect(() => read("w.bin", 0, { offset: "-16" })).toThrow(/offset: must be a whole number, got "-16"/);
    expect(() => read("w.bin", 0, { length: "8" })).toThrow(
      /length: must be the 16 bytes of the declared shape, got 8/,
    );
    expect(() => readModel(small({ initializers: [outside(weight(), "w.bin", 0)] }))).toThrow(
      /needs a model that was opened by its path/,
    );
  });

  it("is part of the model's identity", () => {
    const path = join(home, "identity.onnx");
    const bytes = small({ initializers: [outside(weight(), "v.bin", 0)] });
    writeFileSync(path, bytes);
    const fingerprints = [0, 0, 1].map((value) => {
      writeFileSync(join(home, "v.bin"), new Uint8Array(16).fill(value));
      return readModel(path).fingerprint;
    });
    expect(fingerprints[0]).toBe(fingerprints[1]);
    expect(fingerprints[0]).not.toBe(fingerprints[2]);
    expect(readModel(small()).fingerprint).not.toBe(
      readModel(changed((w) => (w.rawData = w.rawData.map((b) => b ^ 1)))).fingerprint,
    );
  });
});

describe("a model that harms its process takes only the trial's down", () => {
  it("never ends, or eats the memory: stopped at the limit", async () => {
    const body = graph({
      nodes: [node("Identity", ["go_in"], ["go_out"]), node("Relu", ["state"], ["state_out"])],
      inputs: [valueInfo("i", [], DataType.INT64), valueInfo("go_in", [], DataType.BOOL), valueInfo("state", ["N", 2])],
      outputs: [valueInfo("go_out", [], DataType.BOOL), valueInfo("state_out", ["N", 2])],
    });
    const go = tensor("go", [], Uint8Array.of(1));
    go.dataType = DataType.BOOL;
    const bytes = small({
      nodes: [node("Loop", ["trips", "go", "x"], ["y"], { attributes: { body } })],
      initializers: [tensor("trips", [], BigInt64Array.of(2n ** 62n)), go],
    });
    await expect(openModel(bytes, { reserveBytes: 2 ** 60 })).rejects.toThrow(
      /less than 1099511627776 MiB of memory left/,
    );
    await expect(openModel(bytes, { limitSeconds: 1.5 })).rejects.toThrow(
      /model: onnxruntime must survive a trial run, got "nothing for 1\.5 s"/,
    );
  });

  it("asks for more memory than there is: refused with onnxruntime's words", async () => {
    const bytes = small({
      nodes: [node("ConstantOfShape", ["big"], ["zeros"]), node("Add", ["x", "zeros"], ["y"])],
      initializers: [int64s("big", [2 ** 40, 2])],
    });
    await expect(openModel(bytes)).rejects.toThrow(/^model: onnxruntime must be able to/);
  });
});

describe("names are shown harmlessly", () => {
  it.each([
    ["conv1/relu:0", "conv1/relu:0"],
    ["\u001b[31mred\u001b[0m", "\\u{1b}[31mred\\u{1b}[0m"],
    ["\u009b31m\r\n\u0007", "\\u{9b}31m\\u{d}\\u{a}\\u{7}"],
    ["a\u202eb\u200bc\ufeff", "a\\u{202e}b\\u{200b}c\\u{feff}"],
    ["\ud800x", "\\u{d800}x"],
    ["卷积_é_🙂", "卷积_é_🙂"],
  ])("%j", (name, shown) => expect(printable(name)).toBe(shown));

  it("long names keep both ends", () => {
    const shown = printable(`start${"x".repeat(1_000_000)}end`);
    expect(shown).toMatch(/^startx+…x+end$/);
    expect(shown.length).toBe(120);
  });

  it("messages about a model carry no control character", async () => {
    const evil = "\u001b]0;owned\u0007";
    const bytes = small({ nodes: [node(evil, ["x"], ["y"], { name: evil })] });
    const error: unknown = await openModel(bytes, { isolated: false }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).not.toMatch(/\p{Cc}/u);
  });
});

function ifNode(reads: string): ReturnType<typeof node> {
  const branch = graph({ nodes: [node("Relu", [reads], ["inner"])], inputs: [], outputs: [valueInfo("inner")] });
  return node("If", ["x"], ["y"], { attributes: { then_branch: branch, else_branch: branch } });
}

/** ModelProto.graph { node { attribute { g { node { … } } } } }, `levels` deep. */
function nested(levels: number): Uint8Array {
  const tags = [0x0a, 0x2a, 0x32]; // GraphProto.node, NodeProto.attribute, AttributeProto.g
  let inner: number[] = [];
  for (let i = 0; i < levels; i++) inner = [tags[2 - (i % 3)] ?? 0, ...varint(inner.length), ...inner];
  return Uint8Array.from([0x3a, ...varint(inner.length), ...inner]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

/** Two bytes a node: 10 MB that would decode into gigabytes. */
function manyNodes(count: number): Uint8Array {
  const body = new Uint8Array(2 * count).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
  return Uint8Array.from([0x3a, ...varint(body.length), ...body]);
}

function makePipe(path: string): void {
  const tool = "mkfifo"; // Node cannot make pipes
  execFileSync(tool, [path]);
}
