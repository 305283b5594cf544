import { rootStream } from "@linear-probes/core";
import { afterAll, describe, expect, it } from "vitest";
import { createPreprocessor, imageSource } from "../../src/onnx/preprocess-image.ts";
import type { Image } from "../../src/onnx/preprocess-image.ts";
import { preprocessPresets } from "../../src/onnx/preprocess.ts";
import type { GeometryStep, Preprocess } from "../../src/onnx/preprocess.ts";

const open: ReturnType<typeof createPreprocessor>[] = [];
afterAll(async () => {
  for (const preprocessor of open) await preprocessor.release();
});

function preprocessor(spec: Preprocess): ReturnType<typeof createPreprocessor> {
  const made = createPreprocessor(spec);
  open.push(made);
  return made;
}

function preset(name: string): Preprocess {
  const found = preprocessPresets[name];
  if (!found) throw new Error(name);
  return found;
}

/** Geometry alone: bytes in, bytes out, channels last. */
async function geometry(
  image: Image,
  ...steps: readonly GeometryStep[]
): Promise<{ values: number[]; shape: readonly number[] }> {
  const { values, shape } = await preprocessor({
    geometry: steps,
    scale: 1,
    mean: [0],
    std: [1],
    channels: "RGB",
    layout: "channels-last",
  }).apply(image);
  return { values: [...values], shape };
}

function noise(name: string, height: number, width: number, channels = 3): Image {
  const stream = rootStream(name);
  return {
    data: Uint8Array.from({ length: height * width * channels }, () => stream.integer(256)),
    height,
    width,
    channels,
  };
}

/** Pillow's triangle filter along one axis of a grey image (Resample.c), with its rounding to bytes after each axis. */
function pillow(values: readonly number[], length: number): number[] {
  const ratio = values.length / length;
  const support = Math.max(1, ratio);
  return Array.from({ length }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    let [sum, total] = [0, 0];
    for (
      let j = Math.max(0, Math.trunc(centre - support + 0.5));
      j < Math.min(values.length, Math.trunc(centre + support + 0.5));
      j++
    ) {
      const weight = Math.max(0, 1 - Math.abs((j + 0.5 - centre) / support));
      sum += weight * (values[j] ?? 0);
      total += weight;
    }
    return Math.min(255, Math.max(0, Math.floor(sum / total + 0.5)));
  });
}

describe("resize", () => {
  it.each([
    [7, 5, 3, 4],
    [20, 31, 7, 9],
    [5, 4, 11, 13],
  ])("bilinear-antialias of %i × %i to %i × %i is Pillow's", async (height, width, toHeight, toWidth) => {
    const image = noise("pillow", height, width, 1);
    const rows = Array.from({ length: height }, (_, y) =>
      pillow([...image.data.subarray(y * width, (y + 1) * width)], toWidth),
    );
    const columns = Array.from({ length: toWidth }, (_, x) =>
      pillow(
        rows.map((row) => row[x] ?? 0),
        toHeight,
      ),
    );
    const expected = Array.from(
      { length: toHeight * toWidth },
      (_, i) => columns[i % toWidth]?.[Math.floor(i / toWidth)] ?? Number.NaN,
    );
    const { values } = await geometry(image, {
      step: "resize",
      height: toHeight,
      width: toWidth,
      method: "bilinear-antialias",
    });
    // Both round to bytes after each axis; fixed-point weights may turn a half the other way.
    for (const [i, value] of values.entries())
      expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThanOrEqual(1);
    expect(values.filter((value, i) => value === expected[i]).length).toBeGreaterThanOrEqual(0.95 * values.length);
  });

  it("bilinear-tf1 takes the four nearest pixels at x·in/out", async () => {
    const image: Image = { data: Uint8Array.of(0, 30, 60, 90), height: 2, width: 2, channels: 1 };
    const { values } = await geometry(image, { step: "resize", height: 4, width: 4, method: "bilinear-tf1" });
    // Coordinates 0, 0.5, 1, 1.5; beyond the last pixel it repeats.
    expect(values).toEqual([0, 15, 30, 30, 30, 45, 60, 60, 60, 75, 90, 90, 60, 75, 90, 90]);
  });

  it("resize-shorter keeps the shape of the image, rounding down", async () => {
    const step = { step: "resize-shorter", size: 10, method: "bilinear-antialias" } as const;
    expect((await geometry(noise("a", 21, 30), step)).shape).toEqual([10, 14, 3]);
    expect((await geometry(noise("a", 30, 21), step)).shape).toEqual([14, 10, 3]);
  });
});

describe("crop", () => {
  const numbered: Image = { data: Uint8Array.from({ length: 5 * 6 }, (_, i) => i), height: 5, width: 6, channels: 1 };

  it("takes the middle, halves rounding to even", async () => {
    // (5 - 2)/2 = 1.5 → 2; (6 - 3)/2 = 1.5 → 2.
    expect((await geometry(numbered, { step: "crop", height: 2, width: 3 })).values).toEqual([14, 15, 16, 20, 21, 22]);
    // (5 - 4)/2 = 0.5 → 0; (6 - 5)/2 = 0.5 → 0.
    expect((await geometry(numbered, { step: "crop", height: 4, width: 5 })).values.slice(0, 5)).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  it("crop-fraction leaves the same on both sides", async () => {
    expect((await geometry(noise("a", 400, 320), { step: "crop-fraction", fraction: 0.875 })).shape).toEqual([
      350, 280, 3,
    ]);
    expect((await geometry(numbered, { step: "crop-fraction", fraction: 0.5 })).shape).toEqual([3, 4, 1]);
  });

  it("refuses to crop more than there is", async () => {
    await expect(geometry(numbered, { step: "crop", height: 6, width: 2 })).rejects.toThrow(
      /preprocess\.crop: must fit into the image of 5 × 6, got "6 × 2"; resize first/,
    );
  });
});

describe("presets", () => {
  const grey = (value: number, height: number, width: number): Image => ({
    data: new Uint8Array(height * width * 3).fill(value),
    height,
    width,
    channels: 3,
  });

  it.each([
    ["torchvision", [3, 224, 224]],
    ["torchvision-inception", [3, 299, 299]],
    ["tf-slim-inception", [299, 299, 3]],
  ])("%s gives the published size and values", async (name, shape) => {
    const spec = preset(name);
    const result = await preprocessor(spec).apply(grey(100, 400, 500));
    expect(result.shape).toEqual(shape);
    const pixel =
      spec.layout === "channels-first"
        ? [0, 1, 2].map((c) => result.values[(c * result.values.length) / 3])
        : [...result.values.subarray(0, 3)];
    const expected = name.startsWith("torchvision")
      ? [(100 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (100 / 255 - 0.406) / 0.225]
      : [0, 0, 0].map(() => (100 / 255 - 0.5) * 2);
    for (const [c, value] of pixel.entries()) expect(value).toBeCloseTo(expected[c] ?? Number.NaN, 5);
  });

  it("BGR and layouts only move values", async () => {
    const image = noise("order", 3, 4);
    const base: Preprocess = { geometry: [], scale: 1, mean: [0], std: [1], channels: "RGB", layout: "channels-last" };
    const rgb = (await preprocessor(base).apply(image)).values;
    expect([...rgb]).toEqual([...image.data]);
    const planes = (await preprocessor({ ...base, channels: "BGR", layout: "channels-first" }).apply(image)).values;
    for (let i = 0; i < 12; i++) for (let c = 0; c < 3; c++) expect(planes[c * 12 + i]).toBe(rgb[3 * i + 2 - c]);
  });
});

it("a source of images gives rows, and refuses images of different sizes", async () => {
  const ready = preprocessor(preset("none"));
  const images = [noise("1", 4, 4), noise("2", 4, 4), noise("3", 4, 5)];
  const source = imageSource("x", 3, (i) => images[i] ?? noise("", 1, 1), ready);
  const block = await source.read(0, 2);
  expect(block["x"]?.shape).toEqual([3, 4, 4]);
  expect(block["x"]?.data.slice(48)).toEqual((await ready.apply(noise("2", 4, 4))).values);
  await expect(Promise.resolve(source.read(1, 2))).rejects.toThrow(
    /image 2: must come out at the size of the others, \[3, 4, 4\], got "\[3, 4, 5\]"; declare a resize or a crop/,
  );
});

it("malformed images and settings are refused", async () => {
  await expect(
    preprocessor(preset("none")).apply({ data: new Uint8Array(5), height: 1, width: 2, channels: 3 }),
  ).rejects.toThrow(/image\.data: must be 1 × 2 × 3 bytes, got 5/);
  await expect(
    preprocessor(preset("none")).apply({ data: new Uint8Array(0), height: 0, width: 2, channels: 3 }),
  ).rejects.toThrow(/image\.height/);
  expect(() => createPreprocessor({ ...preset("none"), std: [0] })).toThrow(/preprocess\.std: must be positive, got 0/);
});
