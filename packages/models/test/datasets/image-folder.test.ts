/** @file Image folders: pixels as they were written, classes from folders, hostile files refused. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { InputError, rootStream } from "@linear-probes/core";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadData } from "../../src/datasets/user-data.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "images-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Channels = 1 | 3 | 4;

/** A 4 × 3 image (height × width) of bytes drawn from the path, written where it says; returns its bytes. */
async function image(path: string, channels: Channels = 3, height = 4, width = 3): Promise<Uint8Array> {
  const stream = rootStream(path);
  const pixels = Uint8Array.from({ length: height * width * channels }, () => stream.integer(256));
  const png = await sharp(pixels, { raw: { height, width, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();
  put(path, png);
  return pixels;
}

function put(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

const hex = (bytes: ArrayLike<number>): string => Buffer.from(Array.from(bytes)).toString("hex");

test("train and test folders: every image once, as it was written, with its folder's class", async () => {
  const expected = new Map<string, number>();
  for (const [label, name] of ["cat", "dog"].entries()) {
    for (let i = 0; i < 5; i++) expected.set(hex(await image(`train/${name}/${i}.png`)), label);
    await image(`val/${name}/0.png`);
  }
  put("train/cat/notes.txt", "not an image");
  const { train, test: held, classes, classNames, inputShape, notice } = await loadData(folder);
  expect([classes, classNames, inputShape, notice]).toEqual([2, ["cat", "dog"], [4, 3, 3], undefined]);
  expect(held.labels).toHaveLength(2);
  const read = Array.from(
    train.labels,
    (label, i) => [hex(train.inputs.subarray(36 * i, 36 * (i + 1))), label] as const,
  );
  expect(new Map(read)).toEqual(expected);
});

test("without a test folder a part is held out; the first rows are not of one class", async () => {
  for (let i = 0; i < 40; i++) await image(`${i < 20 ? "a" : "b"}/${i}.png`, 1);
  const { train, test: held, inputShape, notice } = await loadData(folder, { rows: { train: 12 } });
  expect([train.labels.length, held.labels.length, inputShape]).toEqual([12, 8, [4, 3, 1]]);
  expect(new Set(train.labels)).toEqual(new Set([0, 1]));
  expect(notice).toContain("8 of 40 rows, drawn at random");
});

test("grey, alpha and 16 bits become RGB bytes", async () => {
  const grey = await image("a/1.png", 1);
  const alpha = await image("b/2.png", 4);
  const deep = Uint16Array.from({ length: 36 }, (_, i) => 257 * i);
  put(
    "b/3.png",
    await sharp(deep, { raw: { height: 4, width: 3, channels: 3 } })
      .toColourspace("rgb16")
      .png()
      .toBuffer(),
  );
  const { train, test: held } = await loadData(folder, { testFraction: 0.4 });
  const rows = [train, held].flatMap(({ inputs, labels }) =>
    Array.from(labels, (_, i) => hex(inputs.subarray(36 * i, 36 * (i + 1)))),
  );
  expect(rows).toContain(hex(Array.from(grey).flatMap((v) => [v, v, v])));
  expect(rows).toContain(hex(alpha.filter((_, i) => i % 4 !== 3)));
  expect(rows).toContain(hex(Array.from(deep, (v) => v / 257)));
});

test("imageSize scales and cuts in the middle", async () => {
  // Columns 0..5 of one value each: a 6 × 2 image cut to 2 × 2 keeps the middle two.
  for (const name of ["a", "b"]) {
    for (const i of [1, 2, 3]) {
      const pixels = Uint8Array.from({ length: 12 }, (_, p) => 40 * (p % 6));
      put(
        `${name}/${i}.png`,
        await sharp(pixels, { raw: { height: 2, width: 6, channels: 1 } })
          .toColourspace("b-w")
          .png()
          .toBuffer(),
      );
    }
  }
  const { train, inputShape } = await loadData(folder, { imageSize: { height: 2, width: 2 } });
  expect(inputShape).toEqual([2, 2, 1]);
  expect([...train.inputs.subarray(0, 4)]).toEqual([80, 120, 80, 120]);
});

describe("refused with the reason", () => {
  const refused = async (message: string, options = {}): Promise<void> => {
    const loading = loadData(folder, options);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(InputError);
  };
  beforeEach(async () => {
    for (let i = 0; i < 4; i++) await image(`${i < 2 ? "a" : "b"}/${i}.png`);
  });

  test("an image of another size", async () => {
    await image("b/9.png", 3, 5, 3);
    await refused("or give imageSize");
  });
  test("text, and half an image", async () => {
    put("b/9.png", "not an image");
    await refused("9.png: must be a whole image of at most 67108864 pixels");
    const whole = await sharp({ create: { width: 3, height: 4, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    put("b/9.png", whole.subarray(0, whole.length - 20));
    await refused("9.png: must be a whole image");
  });
  test("an image that declares to be huge", async () => {
    const png = await sharp({ create: { width: 3, height: 4, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    png.writeUInt32BE(2 ** 30, 16);
    png.writeUInt32BE(2 ** 30, 20);
    put("b/9.png", png);
    await refused("9.png: must be a whole image of at most 67108864 pixels");
  });
  test("more than fits into memory", async () => {
    await refused("images: must take at most 4294967296 bytes decoded", {
      imageSize: { height: 2 ** 15, width: 2 ** 15 },
    });
  });
  test("one class", async () => {
    rmSync(join(folder, "b"), { recursive: true });
    for (let i = 2; i < 6; i++) await image(`a/${i}.png`);
    await refused('labels must name at least 2 classes, got "a"');
  });
  test("links are not followed", async () => {
    symlinkSync(join(folder, "a"), join(folder, "c"));
    symlinkSync(join(folder, "a", "0.png"), join(folder, "b", "linked.png"));
    const { classes, train, test: held } = await loadData(folder);
    expect([classes, train.labels.length + held.labels.length]).toEqual([2, 4]);
  });
});
