/** @file Carries out a declared preprocessing on decoded images. Resizing is onnxruntime's own Resize operator. */
import { reject } from "@linear-probes/core";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { graph, modelBytes, node, DataType, valueInfo } from "./build.ts";
import type { RowSource } from "./inputs.ts";
import type { GeometryStep, Preprocess, ResizeMethod } from "./preprocess.ts";

/** A decoded image: bytes [height, width, channels], RGB or grey. */
export interface Image {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** An image on its way: float values of bytes [height, width, channels]. */
interface Pixels {
  readonly data: Uint8Array | Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export interface Preprocessor {
  /** Values in the declared layout, with their shape. */
  apply(image: Image): Promise<{ readonly values: Float32Array; readonly shape: readonly number[] }>;
  release(): Promise<void>;
}

/** Opens a preprocessing. Images may differ in size. */
export function createPreprocessor(spec: Preprocess): Preprocessor {
  for (const std of spec.std) if (!(std > 0)) reject("preprocess.std", "must be positive", std);
  const resizers = new Map<ResizeMethod, Promise<InferenceSession>>();
  const resize = async (pixels: Pixels, height: number, width: number, method: ResizeMethod): Promise<Pixels> => {
    if (pixels.height === height && pixels.width === width) return pixels;
    const opened = resizers.get(method) ?? openResizer(method);
    resizers.set(method, opened);
    return runResizer(await opened, pixels, height, width, method);
  };
  return {
    async apply(image) {
      checkImage(image);
      let pixels: Pixels = image;
      for (const step of spec.geometry) {
        const [height, width] = resizedTo(step, pixels);
        pixels =
          "method" in step ? await resize(pixels, height, width, step.method) : crop(pixels, step, height, width);
      }
      return {
        values: normalize(spec, pixels),
        shape:
          spec.layout === "channels-first"
            ? [pixels.channels, pixels.height, pixels.width]
            : [pixels.height, pixels.width, pixels.channels],
      };
    },
    async release() {
      for (const session of resizers.values()) await (await session).release();
    },
  };
}

/** Images as rows of one model input, read one at a time; all must come out at one size. */
export function imageSource(
  input: string,
  count: number,
  readImage: (index: number) => Image | Promise<Image>,
  preprocessor: Preprocessor,
): RowSource {
  return {
    rows: count,
    async read(start, rows) {
      let data = new Float32Array(0);
      let shape: readonly number[] = [];
      for (let i = 0; i < rows; i++) {
        const row = await preprocessor.apply(await readImage(start + i));
        if (i === 0) [data, shape] = [new Float32Array(rows * row.values.length), row.shape];
        if (row.shape.join() !== shape.join())
          reject(
            `image ${start + i}`,
            `must come out at the size of the others, [${shape.join(", ")}]`,
            `[${row.shape.join(", ")}]`,
            "declare a resize or a crop",
          );
        data.set(row.values, i * row.values.length);
      }
      return { [input]: { data, shape } };
    },
  };
}

function checkImage({ data, height, width, channels }: Image): void {
  for (const [name, value] of Object.entries({ height, width, channels }))
    if (!(Number.isInteger(value) && value > 0)) reject(`image.${name}`, "must be a positive integer", value);
  if (data.length !== height * width * channels)
    reject("image.data", `must be ${height} × ${width} × ${channels} bytes`, data.length);
}

function resizedTo(step: GeometryStep, { height, width }: Pixels): [height: number, width: number] {
  if (step.step === "resize" || step.step === "crop") return [step.height, step.width];
  if (step.step === "crop-fraction") {
    const kept = (side: number): number => side - 2 * Math.trunc((side - side * step.fraction) / 2);
    return [kept(height), kept(width)];
  }
  return height <= width
    ? [step.size, Math.trunc((step.size * width) / height)]
    : [Math.trunc((step.size * height) / width), step.size];
}

function crop(pixels: Pixels, step: GeometryStep, height: number, width: number): Pixels {
  if (!(height <= pixels.height && width <= pixels.width))
    reject(
      "preprocess.crop",
      `must fit into the image of ${pixels.height} × ${pixels.width}`,
      `${height} × ${width}`,
      "resize first",
    );
  const offset = step.step === "crop" ? roundHalfEven : Math.trunc;
  const [top, left] = [offset((pixels.height - height) / 2), offset((pixels.width - width) / 2)];
  const length = width * pixels.channels;
  const data = pixels.data.slice(0, height * length);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * pixels.width + left) * pixels.channels;
    data.set(pixels.data.subarray(start, start + length), y * length);
  }
  return { data, height, width, channels: pixels.channels };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

/** image [H, W, C] → Resize on [1, C, H, W] → [H', W', C]. */
function openResizer(method: ResizeMethod): Promise<InferenceSession> {
  const bytes = method === "bilinear-antialias";
  const type = bytes ? DataType.UINT8 : DataType.FLOAT;
  // Without exclude_outside the border would be counted again for what lies beyond it; Pillow leaves it out.
  const attributes = bytes
    ? { mode: "linear", antialias: 1, exclude_outside: 1, coordinate_transformation_mode: "half_pixel" }
    : { mode: "linear", coordinate_transformation_mode: "asymmetric" };
  const nodes = [
    node("Transpose", ["image"], ["planes"], { attributes: { perm: [0, 3, 1, 2] } }),
    node("Resize", ["planes", "", "", "sizes"], ["resized"], { attributes }),
    node("Transpose", ["resized"], ["result"], { attributes: { perm: [0, 2, 3, 1] } }),
  ];
  const inputs = [valueInfo("image", [1, "h", "w", "c"], type), valueInfo("sizes", [4], DataType.INT64)];
  return InferenceSession.create(
    modelBytes(graph({ nodes, inputs, outputs: [valueInfo("result", undefined, type)] }), { opset: 18 }),
    { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 },
  );
}

async function runResizer(
  session: InferenceSession,
  pixels: Pixels,
  height: number,
  width: number,
  method: ResizeMethod,
): Promise<Pixels> {
  const dims = [1, pixels.height, pixels.width, pixels.channels];
  // Pillow works on bytes; TensorFlow has made floats of them before.
  const image =
    method === "bilinear-antialias"
      ? new Tensor("uint8", Uint8Array.from(pixels.data, Math.round), dims)
      : new Tensor("float32", Float32Array.from(pixels.data), dims);
  const sizes = new Tensor("int64", BigInt64Array.from([1, pixels.channels, height, width], BigInt), [4]);
  const data = (await session.run({ image, sizes }))["result"]?.data;
  if (!(data instanceof Uint8Array || data instanceof Float32Array))
    return reject("preprocess.resize", "must give an image", typeof data);
  return { data, height, width, channels: pixels.channels };
}

/** (byte · scale - mean) / std, in the declared channel order and layout. */
function normalize(spec: Preprocess, { data, height, width, channels }: Pixels): Float32Array {
  const area = height * width;
  const out = new Float32Array(area * channels);
  for (let c = 0; c < channels; c++) {
    const source = spec.channels === "BGR" && channels === 3 ? 2 - c : c;
    const mean = spec.mean[c] ?? spec.mean[0] ?? 0;
    const std = spec.std[c] ?? spec.std[0] ?? 1;
    const [start, step] = spec.layout === "channels-first" ? [c * area, 1] : [c, channels];
    for (let i = 0; i < area; i++) out[start + i * step] = (data[i * channels + source]! * spec.scale - mean) / std;
  }
  return out;
}
