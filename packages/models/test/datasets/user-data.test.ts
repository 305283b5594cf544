/** @file The user's own data: found by the names of arrays, split when it must be, refused with a reason. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { InputError, rootStream, writeNpy } from "@linear-probes/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LoadedDataset } from "../../src/dataset.ts";
import type { UserDataOptions } from "../../src/datasets/user-data.ts";
import { loadData } from "../../src/datasets/user-data.ts";
import { encodeIdx } from "./encode-idx.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "user-data-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function load(
  files: Record<string, Uint8Array>,
  what: string,
  options?: UserDataOptions,
): Promise<LoadedDataset> {
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(folder, path), bytes);
  return loadData(join(folder, what), options);
}

const [X, Y] = [Float32Array.from({ length: 20 }, (_, i) => i), Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2, 0)];
const inputs = writeNpy([10, 2], X);
const labels = writeNpy([10], Y);

/** numpy.savez_compressed of x_train [[1,2],[3,4]] uint8, y_train [5, 9], x_test [[5,6]], y_test [9]. */
const KERAS_NPZ =
  "UEsDBC0AAAAIAAAAIQCCX1jr//////////8LABQAeF90cmFpbi5ucHkBABAAhAAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLkYmZhYAUEsDBC0AAAAIAAAAIQDdrEdg//////////8LABQAeV90cmFpbi5ucHkBABAAkAAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC5WBgjghNIAUEsDBC0AAAAIAAAAIQCBA+V4//////////8KABQAeF90ZXN0Lm5weQEAEACCAAAAAAAAAEgAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkahjoKRpo6CrUKZAMuVjYAUEsDBC0AAAAIAAAAIQCLgfGN//////////8KABQAeV90ZXN0Lm5weQEAEACIAAAAAAAAAEgAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkahjqaOgq1ChQALk4GCAAAUEsBAi0DLQAAAAgAAAAhAIJfWOtKAAAAhAAAAAsAAAAAAAAAAAAAAIABAAAAAHhfdHJhaW4ubnB5UEsBAi0DLQAAAAgAAAAhAN2sR2BKAAAAkAAAAAsAAAAAAAAAAAAAAIABhwAAAHlfdHJhaW4ubnB5UEsBAi0DLQAAAAgAAAAhAIED5XhIAAAAggAAAAoAAAAAAAAAAAAAAIABDgEAAHhfdGVzdC5ucHlQSwECLQMtAAAACAAAACEAi4HxjUgAAACIAAAACgAAAAAAAAAAAAAAgAGSAQAAeV90ZXN0Lm5weVBLBQYAAAAABAAEAOIAAAAWAgAAAAA=";
/** numpy.savez of input_ids int64 [4, 3] 0..11, attention_mask int64 ones [4, 3], labels [0, 1, 0, 1]. */
const TOKENS_NPZ =
  "UEsDBC0AAAAIAAAAIQBKlOv3//////////8NABQAaW5wdXRfaWRzLm5weQEAEADgAAAAAAAAAGUAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaJjoKxpo6CrUKZAMuBihghNJMUJoZSrNAaVYozQal2aE0B5TmhNIwA7mhNABQSwMELQAAAAgAAAAhALETcM3//////////xIAFABhdHRlbnRpb25fbWFzay5ucHkBABAA4AAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GiY6CsaaOgq1CmQDLkYGCKAVDQBQSwMELQAAAAgAAAAhAN3hXxT//////////woAFABsYWJlbHMubnB5AQAQAKAAAAAAAAAATAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RomOpo6CrUKFAAuBihgZEAFMD4AUEsBAi0DLQAAAAgAAAAhAEqU6/dlAAAA4AAAAA0AAAAAAAAAAAAAAIABAAAAAGlucHV0X2lkcy5ucHlQSwECLQMtAAAACAAAACEAsRNwzUwAAADgAAAAEgAAAAAAAAAAAAAAgAGkAAAAYXR0ZW50aW9uX21hc2subnB5UEsBAi0DLQAAAAgAAAAhAN3hXxRMAAAAoAAAAAoAAAAAAAAAAAAAAIABNAEAAGxhYmVscy5ucHlQSwUGAAAAAAMAAwCzAAAAvAEAAAAA";

describe("arrays", () => {
  test("inputs and labels: a fifth of the rows is held out, each row with its label", async () => {
    const {
      train,
      test: held,
      notice,
      classes,
      classNames,
      inputShape,
    } = await load({ "inputs.npy": inputs, "labels.npy": labels }, "inputs.npy");
    expect([train.labels.length, held.labels.length, classes, classNames, inputShape]).toEqual([
      8,
      2,
      3,
      undefined,
      [2],
    ]);
    expect(notice).toBe(
      "No test set was given: 2 of 10 rows, drawn at random (stream user-data), are held out as one.",
    );
    const rows = [train, held].flatMap((part) => Array.from(part.labels, (label, i) => [part.inputs[2 * i], label]));
    expect(rows.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual(Array.from(Y, (label, i) => [2 * i, label]));
  });

  test("the held-out rows depend on the stream and on nothing else", async () => {
    const files = { "inputs.npy": inputs, "labels.npy": labels };
    const hash = async (seed: number): Promise<string> => (await load(files, ".", { stream: rootStream(seed) })).sha256;
    expect(await hash(1)).toBe(await hash(1));
    expect(await hash(1)).not.toBe(await hash(2));
  });

  test("Keras's names in an npz; labels that are not 0..k-1 keep their names", async () => {
    const data = await load({ "a.npz": Buffer.from(KERAS_NPZ, "base64") }, "a.npz");
    expect(data.train).toEqual({ inputs: Uint8Array.of(1, 2, 3, 4), labels: Int32Array.of(0, 1) });
    expect(data.test).toEqual({ inputs: Uint8Array.of(5, 6), labels: Int32Array.of(1) });
    expect([data.classNames, data.notice]).toEqual([["5", "9"], undefined]);
  });

  test("several inputs of tokens, kept by name, cut together", async () => {
    const file = { "t.npz": Buffer.from(TOKENS_NPZ, "base64") };
    const data = await load(file, "t.npz", { testFraction: 0.5, rows: { train: 1 } });
    expect(data.train.inputs).toBeInstanceOf(Int32Array);
    expect(data.train.inputs).toHaveLength(3);
    expect(data.train.named).toEqual({
      input_ids: { values: data.train.inputs, shape: [3] },
      attention_mask: { values: Int32Array.of(1, 1, 1), shape: [3] },
    });
  });

  test("a folder of idx files named as MNIST's; labels in another file; LIBSVM text", async () => {
    const images = encodeIdx(0x08, [2, 1, 2], [1, 2, 3, 4]);
    const idx = await load(
      {
        "emnist-train-images-idx3-ubyte.gz": gzipSync(images),
        "emnist-train-labels-idx1-ubyte": encodeIdx(0x08, [2], [0, 1]),
        "emnist-test-images-idx3-ubyte": images,
        "emnist-test-labels-idx1-ubyte": encodeIdx(0x08, [2], [1, 1]),
        "readme.txt": new Uint8Array(3),
      },
      ".",
    );
    expect([idx.inputShape, idx.test.labels]).toEqual([[1, 2, 1], Int32Array.of(1, 1)]);
    mkdirSync(join(folder, "sub"));
    const files = { "sub/x.npy": inputs, "sub/other.npy": labels };
    const apart = await load(files, "sub/x.npy", { labels: join(folder, "sub/other.npy") });
    expect(apart.classes).toBe(3);
    const text = await load({ "a.svm": new TextEncoder().encode("-1 1:1\n1 2:1\n-1 1:2\n1 2:2\n") }, "a.svm", {
      testFraction: 0.25,
    });
    expect([text.inputShape, text.classNames, text.train.labels.length]).toEqual([[2], ["-1", "1"], 3]);
  });

  test("our own datasets by name", async () => {
    expect((await loadData("synthetic-digits", { rows: { train: 3, test: 2 } })).name).toBe("synthetic-digits");
  });
});

describe("refused with the reason", () => {
  const bad =
    (message: string, files: Record<string, Uint8Array>, what: string, options?: UserDataOptions) =>
    async (): Promise<void> => {
      const loading = load(files, what, options);
      await expect(loading).rejects.toThrow(message);
      await expect(loading).rejects.toThrow(InputError);
    };

  test(
    "no such path",
    bad("data: must be mnist, cifar10, synthetic-digits, gaussian-halfspace, a file or a folder", {}, "nothing"),
  );
  test("no labels", bad("inputs.npy: needs labels, got ", { "inputs.npy": inputs }, "inputs.npy"));
  test(
    "no array of labels",
    bad("must have an array of labels named one of labels, label, y", { "inputs.npy": inputs }, "."),
  );
  test("an empty folder", bad("must hold npy files, or idx files named as MNIST's are", {}, "."));
  test(
    "rows that do not match",
    bad(
      'inputs: must be [9, …], a row per label, got "shape (10, 2)"',
      { "inputs.npy": inputs, "labels.npy": writeNpy([9], Y.subarray(0, 9)) },
      ".",
    ),
  );
  test(
    "fractions as labels",
    bad(
      "row 1: label must be a whole number, got 1.5",
      {
        "inputs.npy": inputs,
        "labels.npy": writeNpy(
          [10],
          Float32Array.from(Y, (y) => 1.5 * y),
        ),
      },
      ".",
    ),
  );
  test(
    "one class only",
    bad(
      'labels must name at least 2 classes, got "0"',
      { "inputs.npy": inputs, "labels.npy": writeNpy([10], new Int32Array(10)) },
      ".",
    ),
  );
  test(
    "infinite inputs",
    bad(
      "inputs, value 7: must be a finite float32, got Infinity",
      { "inputs.npy": writeNpy([10, 2], X.with(7, Infinity)), "labels.npy": labels },
      ".",
      { testFraction: 0.1, stream: rootStream(2) },
    ),
  );
  test(
    "a test set without a training set",
    bad(
      'must have training and test arrays, or neither, got "no training arrays"',
      { "x_test.npy": inputs, "y_test.npy": labels },
      ".",
    ),
  );
  test("two kinds of labels", async () => {
    const files = { "x_test.npy": inputs, "y_test.npy": labels, "x_train.npy": inputs, "y_train.npy": labels };
    const loading = load(files, ".", { labels: join(folder, "y_test.npy") });
    await expect(loading).rejects.toThrow("has labels of its own");
  });
  test(
    "a test set of another shape",
    bad(
      'test rows must have the training rows\' shape (2), got "(1)"',
      {
        "x_test.npy": writeNpy([10, 1], X.subarray(0, 10)),
        "y_test.npy": labels,
        "x_train.npy": inputs,
        "y_train.npy": labels,
      },
      ".",
    ),
  );
  test(
    "too much held out",
    bad("must have rows enough to hold out 99 %", { "inputs.npy": inputs, "labels.npy": labels }, ".", {
      testFraction: 0.99,
    }),
  );
});
