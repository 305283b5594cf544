/** @file A panel drawn twice, for wide and for narrow pages, and once more as a file to take away. */
import type { TopLevelSpec } from "vega-lite";
import type { Panel } from "../figure.ts";
import { escapeHtml } from "../html.ts";
import { animatedGif } from "../gif.ts";
import { compileSpec, renderFrames, renderSvg, themed } from "../render.ts";
import { textWidth } from "../text-width.ts";
import { color, figureWidth, fontFamily, withColors } from "../theme.ts";

interface Drawing {
  readonly svg: string;
  readonly spec: TopLevelSpec; // for the live version
}

export interface DrawnPanel {
  readonly panel: Panel;
  readonly wide: Drawing;
  readonly narrow: Drawing;
}

/** The panels of the first row, whose shares add up to 1; those of further rows stand in the same columns. */
export function firstRow<P extends Pick<Panel, "share">>(panels: readonly P[]): readonly P[] {
  let sum = 0;
  const end = panels.findIndex(({ share }) => (sum += share) > 1 - 1e-6);
  return end < 0 ? panels : panels.slice(0, end + 1);
}

/** Width in px that a panel has on a wide page. */
export function wideWidth(panel: Panel, panels: readonly Panel[]): number {
  return Math.floor((figureWidth.wide - figureWidth.gap * (firstRow(panels).length - 1)) * panel.share);
}

export async function drawPanels(panels: readonly Panel[]): Promise<readonly DrawnPanel[]> {
  return Promise.all(
    panels.map(async (panel) => ({
      panel,
      wide: await draw(panel.spec({ width: wideWidth(panel, panels), narrow: false })),
      narrow: await draw(panel.spec({ width: figureWidth.narrow, narrow: true })),
    })),
  );
}

async function draw(bare: TopLevelSpec): Promise<Drawing> {
  const spec = themed(bare);
  return { spec, svg: await renderSvg(compileSpec(spec)) };
}

/** The wide drawing as a file of its own: light, with its title, its warnings and where it comes from. */
export function standaloneSvg(
  { panel, wide }: Pick<DrawnPanel, "panel"> & { readonly wide: Pick<Drawing, "svg"> },
  title: string,
  notes: readonly string[],
): string {
  const size = /width="(\d+(?:\.\d+)?)" height="(\d+(?:\.\d+)?)"/.exec(wide.svg);
  const [width, height] = [Number(size?.[1]), Number(size?.[2])];
  if (!(width > 0 && height > 0))
    throw new Error(`${panel.id}: the drawing must have a size, got ${String(size?.[0])}`);
  const margin = 16;
  const above = [...lines(title, 15, width, true), ...notes.flatMap((note) => lines(note, 12, width, false))];
  let y = margin;
  const texts = above.map(({ text, fontSize, bold }) => {
    y += fontSize + 4;
    const weight = bold ? ' font-weight="600"' : "";
    return `<text x="${margin}" y="${y}" font-size="${fontSize}"${weight} fill="${color("ink")}">${escapeHtml(text)}</text>`;
  });
  const top = y + 12;
  const [fullWidth, fullHeight] = [width + 2 * margin, height + top + margin];
  return withColors(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${fullWidth}" height="${fullHeight}" ` +
      `viewBox="0 0 ${fullWidth} ${fullHeight}" font-family="${escapeHtml(fontFamily)}" role="img">` +
      `<title>${escapeHtml(title)}</title><desc>${escapeHtml(panel.description)}</desc>` +
      `<rect width="100%" height="100%" fill="${color("ground")}"/>${texts.join("")}` +
      `<g transform="translate(${margin},${top})">${wide.svg}</g></svg>`,
  );
}

const GIF_WIDTH = 640; // px

/** A film as a file of its own, every frame as {@link standaloneSvg} has it; undefined for what does not move. */
export async function standaloneGif(
  panel: Panel,
  title: string,
  notes: readonly string[],
): Promise<Uint8Array | undefined> {
  if (panel.film === undefined) return undefined;
  const spec = compileSpec(themed(panel.spec({ width: GIF_WIDTH, narrow: false })));
  const svgs = await renderFrames(spec, panel.film.param, panel.film.frames);
  return animatedGif(svgs.map((svg) => standaloneSvg({ panel, wide: { svg } }, title, notes)));
}

/** Breaks text into lines that fit. */
function lines(text: string, fontSize: number, width: number, bold: boolean) {
  const broken: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${broken.at(-1) ?? ""} ${word}`.trimStart();
    if (broken.length > 0 && textWidth(longer, fontSize) <= width) broken[broken.length - 1] = longer;
    else broken.push(word);
  }
  return broken.map((line) => ({ text: line, fontSize, bold }));
}
