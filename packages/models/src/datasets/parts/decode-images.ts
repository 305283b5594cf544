/** @file Image files decoded by libvips to arrays of one shape: 8-bit grey when all are grey, else RGB without alpha. */
import { reject } from "@linear-probes/core";
import sharp from "sharp";
import type { Sharp } from "sharp";

export interface ImageOptions {
  /** Images are scaled to cover it and cut in the middle. Default: as they are, all of one size. */
  readonly imageSize?: { readonly height: number; readonly width: number };
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export type ImageShape = readonly [height: number, width: number, channels: 1 | 3];

const MOST_PIXELS = 2 ** 26; // of one image
const MOST_BYTES = 2 ** 32; // of all images, decoded
const AT_ONCE = 16;

/** [height, width, channels] of every image once decoded; read from their headers alone. */
export async function commonShape(paths: readonly string[], { imageSize, signal }: ImageOptions): Promise<ImageShape> {
  let channels: 1 | 3 = 1;
  let size = imageSize;
  for (const path of paths) {
    signal?.throwIfAborted();
    const { autoOrient, channels: own } = await open(path)
      .metadata()
      .catch((cause: unknown) => undecodable(path, cause));
    if (own > 2) channels = 3;
    const first = (size ??= autoOrient);
    if (imageSize === undefined && (first.height !== autoOrient.height || first.width !== autoOrient.width)) {
      const rule = `must be ${first.width} × ${first.height} as the first image, ${paths[0]}, is`;
      reject(
        path,
        rule,
        `${autoOrient.width} × ${autoOrient.height}`,
        "or give imageSize, to which all are scaled and cut",
      );
    }
  }
  const { height, width } = size ?? { height: 0, width: 0 };
  if (!(Number.isInteger(height) && Number.isInteger(width) && height >= 1 && width >= 1)) {
    reject("imageSize", "height and width must be positive integers", `${height} × ${width}`);
  }
  const bytes = paths.length * height * width * channels;
  if (!(bytes <= MOST_BYTES)) {
    reject("images", `must take at most ${MOST_BYTES} bytes decoded`, bytes, "take fewer rows or a smaller imageSize");
  }
  return [height, width, channels];
}

export async function decodeImages(
  paths: readonly string[],
  shape: ImageShape,
  options: ImageOptions,
): Promise<Uint8Array> {
  const size = shape[0] * shape[1] * shape[2];
  const inputs = new Uint8Array(paths.length * size);
  for (let start = 0; start < paths.length; start += AT_ONCE) {
    options.signal?.throwIfAborted();
    const batch = paths.slice(start, start + AT_ONCE).map(async (path) => decode(path, shape, options));
    for (const [i, pixels] of (await Promise.all(batch)).entries()) inputs.set(pixels, (start + i) * size);
    if (start % (64 * AT_ONCE) === 0 && start > 0) options.log?.(`images: ${start} of ${paths.length} decoded`);
  }
  return inputs;
}

async function decode(path: string, shape: ImageShape, { imageSize }: ImageOptions): Promise<Uint8Array> {
  const [height, width, channels] = shape;
  const turned = open(path)
    .autoOrient()
    .removeAlpha()
    .toColourspace(channels === 1 ? "b-w" : "srgb");
  const sized = imageSize === undefined ? turned : turned.resize({ height, width, fit: "cover" });
  const { data } = await sized
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => undecodable(path, cause));
  if (data.length !== height * width * channels) {
    reject(path, `must decode to ${height} × ${width} × ${channels} bytes`, data.length);
  }
  return data;
}

/** The first frame of the image, refused when it is truncated or huge. */
function open(path: string): Sharp {
  return sharp(path, { failOn: "truncated", limitInputPixels: MOST_PIXELS });
}

function undecodable(path: string, cause: unknown): never {
  return reject(path, `must be a whole image of at most ${MOST_PIXELS} pixels`, String(cause));
}
