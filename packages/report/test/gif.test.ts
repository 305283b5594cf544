/** @file Films as GIF: letters as wide as the layout thinks, frames that can be told apart, the same bytes each time. */
import { expect, test } from "vitest";
import { fig05Film, fig08Film } from "../src/figures/index.ts";
import { animatedGif, rasterise } from "../src/gif.ts";
import { standaloneGif } from "../src/page/drawing.ts";
import { textWidth } from "../src/text-width.ts";
import { fontFamily } from "../src/theme.ts";
import { fig05FilmResult } from "./fixtures/fig05-film.ts";
import { fig08Result } from "./fixtures/deep.ts";

const square = (x: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="#fff"/>` +
  `<rect x="${x}" y="5" width="10" height="10" fill="#0072b2"/></svg>`;

test("the font is there, and its letters are as wide as the drawings were laid out for", async () => {
  const words = "Hamburg: after 1,000 steps, 0.25";
  const { width, height, rgba } = await rasterise(
    `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="60"><rect width="800" height="60" fill="#fff"/>` +
      `<text x="20" y="40" font-family="${fontFamily.replaceAll('"', "'")}" font-size="32">${words}</text></svg>`,
  );
  const inked: number[] = [];
  for (let x = 0; x < width; x++)
    for (let y = 0; y < height; y++) if ((rgba[4 * (y * width + x)] ?? 255) < 128) inked.push(x);
  const span = Math.max(...inked) - Math.min(...inked);
  expect(Math.abs(span - textWidth(words, 32))).toBeLessThan(6); // the first and the last letter's own margins
});

test("frames follow one another for ever, each tells only what changed, and equal frames give equal bytes", async () => {
  const svgs = [0, 15, 30].map(square);
  const gif = await animatedGif(svgs);
  expect(Buffer.from(gif)).toEqual(Buffer.from(await animatedGif(svgs)));
  const { frames, delays, loops, size } = read(gif);
  expect(size).toEqual([40, 20]);
  expect(loops).toBe(0);
  expect(delays).toEqual([25, 25, 250]); // hundredths of a second
  expect(frames).toBe(3);
  expect((await animatedGif([square(0), square(0)])).length).toBeLessThan((await animatedGif(svgs)).length);
});

test("a GIF must have frames, of one size", async () => {
  await expect(animatedGif([])).rejects.toThrow("must have frames");
  await expect(animatedGif([square(0), square(0).replace('width="40"', 'width="30"')])).rejects.toThrow("one size");
});

test.each([
  { figure: fig05Film, result: fig05FilmResult() },
  { figure: fig08Film, result: fig08Result() },
])("$figure.id: one frame of the GIF for every moment", async ({ figure, result }) => {
  const [film, ...others] = figure.panels(result);
  if (film === undefined) throw new Error("a film must have a panel");
  const gif = await standaloneGif(film, figure.label, ["a note"]);
  expect(read(gif ?? new Uint8Array()).frames).toBe(5);
  for (const panel of others) expect(await standaloneGif(panel, figure.label, [])).toBeUndefined();
});

/** What a GIF says of itself (CompuServe 1990, GIF89a): blocks from the screen's description to the trailer. */
function read(gif: Uint8Array) {
  const bytes = Buffer.from(gif);
  expect(bytes.toString("latin1", 0, 6)).toBe("GIF89a");
  const size = [bytes.readUInt16LE(6), bytes.readUInt16LE(8)];
  const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  let at = 13 + tableBytes(bytes[10] ?? 0);
  const delays: number[] = [];
  let frames = 0;
  let loops: number | undefined;
  const skipBlocks = (): void => {
    while (bytes[at] !== 0) at += 1 + (bytes[at] ?? 0);
    at += 1;
  };
  while (bytes[at] !== 0x3b) {
    if (bytes[at] === 0x21) {
      if (bytes[at + 1] === 0xf9) delays.push(bytes.readUInt16LE(at + 4));
      if (bytes[at + 1] === 0xff) loops = bytes.readUInt16LE(at + 16);
      at += 2;
      skipBlocks();
    } else if (bytes[at] === 0x2c) {
      frames += 1;
      at += 11 + tableBytes(bytes[at + 9] ?? 0);
      skipBlocks();
    } else throw new Error(`unknown block ${bytes[at]} at ${at}`);
  }
  return { frames, delays, loops, size };
}
