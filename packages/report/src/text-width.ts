/**
 * @file Widths of text without a canvas, so that Vega lays out axes and legends the same on every machine.
 *
 * The advance widths are those of Helvetica (Adobe Font Metrics, 1/1000 em), which Arial and Liberation Sans share;
 * Vega's own estimate, 0.8 em per character, is half as wide again.
 */
import { textMetrics } from "vega";

// Exported by Vega (vega-scenegraph), missing from its types.
declare module "vega" {
  export const textMetrics: {
    width: (item: { readonly fontSize?: number; readonly text?: unknown }, text?: unknown) => number;
  };
}

// Characters 32 (space) to 126 (~).
const helvetica = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
  556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
  260, 334, 584,
];
const other = 556; // the width of a digit, for characters outside ASCII

/** Width of `text` in pixels. */
export function textWidth(text: string, fontSize: number): number {
  let thousandths = 0;
  for (const character of text) thousandths += helvetica[(character.codePointAt(0) ?? 0) - 32] ?? other;
  return (thousandths * fontSize) / 1000;
}

/** Makes Vega measure with {@link textWidth}. */
export function measureTextWithoutCanvas(): void {
  textMetrics.width = (item, text) => textWidth(displayed(text ?? item.text), item.fontSize ?? 11);
}

function displayed(text: unknown): string {
  return typeof text === "string" || typeof text === "number" ? String(text) : "";
}
