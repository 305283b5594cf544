/** @file Drawings as an animated GIF: the same bytes on every machine, since rasteriser and font come with the packages. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { applyPalette, GIFEncoder, quantize } from "gifenc/dist/gifenc.esm.js"; // its other bundle exports no names

const FRAME_MS = 250; // as the play button moves
const LAST_MS = 2500;
const COLORS = 63; // and one that means "as before"

const require = createRequire(import.meta.url);

/** Arimo, whose letters are as wide as Helvetica's, by which the drawings are laid out. */
function fonts(): Uint8Array[] {
  const regular = require.resolve("@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf");
  const bold = require.resolve("@expo-google-fonts/arimo/700Bold/Arimo_700Bold.ttf");
  return [regular, bold].map((path) => readFileSync(path));
}

let ready: Promise<readonly Uint8Array[]> | undefined;

/** The rasteriser may be started only once. */
function rasteriser(): Promise<readonly Uint8Array[]> {
  ready ??= initWasm(readFileSync(require.resolve("@resvg/resvg-wasm/index_bg.wasm"))).then(fonts);
  return ready;
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array; // [height, width, 4]
}

/** Draws a whole SVG document, with its own size. */
export async function rasterise(svg: string): Promise<Pixels> {
  const font = {
    fontBuffers: [...(await rasteriser())],
    defaultFontFamily: "Arimo",
    sansSerifFamily: "Arimo",
  };
  const drawing = new Resvg(svg, { font });
  const image = drawing.render();
  try {
    return { width: image.width, height: image.height, rgba: image.pixels.slice() };
  } finally {
    image.free();
    drawing.free();
  }
}

/** Frames of one size, shown one after the other, again and again. */
export async function animatedGif(svgs: readonly string[]): Promise<Uint8Array> {
  const frames: Pixels[] = [];
  for (const svg of svgs) frames.push(await rasterise(svg));
  const [first, last] = [frames[0], frames.at(-1)];
  if (first === undefined || last === undefined) throw new Error("a GIF must have frames, got none");
  const both = new Uint8Array(first.rgba.length + last.rgba.length);
  both.set(first.rgba);
  both.set(last.rgba, first.rgba.length);
  const palette = quantize(both, COLORS);
  const unchanged = palette.length;
  const gif = GIFEncoder();
  let before: Uint8Array | undefined;
  for (const [at, { width, height, rgba }] of frames.entries()) {
    if (width !== first.width || height !== first.height)
      throw new Error(
        `frames of a GIF must be of one size, got ${width} × ${height} beside ${first.width} × ${first.height}`,
      );
    const indices = applyPalette(rgba, palette);
    const shown = before;
    gif.writeFrame(
      shown === undefined ? indices : indices.map((color, i) => (color === shown[i] ? unchanged : color)),
      width,
      height,
      {
        delay: at === frames.length - 1 ? LAST_MS : FRAME_MS,
        dispose: 1,
        ...(shown === undefined
          ? { palette: [...palette, [0, 0, 0]], repeat: 0 }
          : { transparent: true, transparentIndex: unchanged }),
      },
    );
    before = indices;
  }
  gif.finish();
  return gif.bytes();
}
