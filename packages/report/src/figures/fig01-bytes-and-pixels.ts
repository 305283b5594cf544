/**
 * @file Figure 1 of Alain & Bengio (2016): an image as a hex dump and as a picture; and beside it what their point comes
 * to in numbers, the error of a probe on bytes that were encoded without losing a bit.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/fig01-bytes-and-pixels.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, significant } from "../format.ts";
import {
  type EncodingPoint,
  encodings,
  type HexLine,
  hexLines,
  type Pixel,
  pixels,
} from "../points/fig01-bytes-and-pixels.ts";
import { describeSettings } from "../settings.ts";
import { color } from "../theme.ts";

export const fig01BytesAndPixels: FigureDefinition = {
  id: "fig01-bytes-and-pixels",
  label: "Figure 1",
  title: "The same bits, readable and unreadable",
  source: "fig01-bytes-and-pixels",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const sizes = describeSettings(run.settings, [
    ["rows.train", "training images", count],
    ["rows.validation", "validation images, on which l2 is chosen", count],
    ["rows.test", "test images", count],
  ]);
  const bits = encodings(rows)[0]?.imageEntropyBits ?? 0;
  return (
    `One image (the paper shows a lion, we a digit ${hexLines(rows)[0]?.label ?? ""}) as its bytes and as its pixels: ` +
    `the same ${count(pixels(rows).length)} numbers. To the right all images are encoded as other bytes, each time by one ` +
    `bijection that we undo to check; so H(image) stays ${bits.toFixed(2)} bits and H(label | image) stays what it was ` +
    `(entropies of the uniform distribution over the images at hand; the entropy of single bytes, in the table, is ` +
    `another matter and does change). What changes is the test error of the certified probe on the bytes: nothing when ` +
    `pixels change places, little when each is XORed with a fixed byte, and up to chance when a byte’s influence is ` +
    `spread over all others, a few bytes further every round.${sizes}`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const all = encodings(rows);
  const lines = hexLines(rows);
  const ends = all.map(({ label, testError }) => `${label} ${testError.toFixed(3)}`).join("; ");
  return [
    {
      id: "bytes",
      title: "The image as bytes (hexadecimal)",
      share: 0.37,
      probes: false,
      description: `A hex dump of ${lines.length} lines of 16 bytes, of a digit ${lines[0]?.label ?? ""}.`,
      spec: (size) => hexSpec(lines, size),
    },
    {
      id: "picture",
      title: "The same bytes as pixels",
      share: 0.23,
      probes: false,
      description: `The same bytes as a picture: a handwritten ${lines[0]?.label ?? ""}.`,
      spec: (size) => pictureSpec(pixels(rows), size),
    },
    {
      id: "error",
      title: "Probe test error (fraction) by encoding",
      share: 0.4,
      probes: true,
      description: `Dot plot of test error by encoding. ${ends}.`,
      spec: (size) => errorSpec(all, size),
    },
  ];
}

function hexSpec(lines: readonly HexLine[], { width, narrow }: PanelSize): TopLevelSpec {
  const step = narrow ? 11.5 : 11;
  const y = {
    field: "line",
    type: "quantitative" as const,
    axis: null,
    scale: { domain: [-0.5, lines.length - 0.5], reverse: true, nice: false },
  };
  const monospace = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
  const text = { type: "text" as const, align: "left" as const, font: monospace, fontSize: 10, clip: true };
  const at = (value: number) => ({ value });
  return {
    width,
    height: Math.round(step * lines.length) + 14,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...lines] },
    layer: [
      { mark: { ...text, color: color("soft") }, encoding: { x: at(0), y, text: { field: "offset" } } },
      { mark: { ...text, color: color("ink") }, encoding: { x: at(34), y, text: { field: "bytes" } } },
    ],
  };
}

function pictureSpec(data: readonly Pixel[], { width, narrow }: PanelSize): TopLevelSpec {
  const side = narrow ? Math.min(width, 280) : width;
  const columns = Math.max(0, ...data.map(({ x }) => x)) + 1;
  const lines = Math.max(0, ...data.map(({ y }) => y)) + 1;
  const from = (field: "x" | "y", extent: number, reverse: boolean) => ({
    field,
    type: "quantitative" as const,
    axis: null,
    scale: { domain: [0, extent], nice: false, reverse },
  });
  return {
    width,
    height: Math.round((side / columns) * lines) + 8,
    autosize: { type: "fit", contains: "padding" },
    data: { values: data.map(({ x, y, value }) => ({ x, y, right: x + 1, below: y + 1, value })) },
    mark: { type: "rect", color: color("ink") },
    encoding: {
      x: from("x", (columns * width) / side, false),
      x2: { field: "right" },
      y: from("y", lines, true),
      y2: { field: "below" },
      fillOpacity: { field: "value", type: "quantitative", scale: { domain: [0, 255], range: [0, 1] }, legend: null },
      tooltip: [{ field: "x" }, { field: "y" }, { field: "value" }],
    },
  };
}

function errorSpec(data: readonly EncodingPoint[], { width, narrow }: PanelSize): TopLevelSpec {
  const y = {
    field: "label",
    type: "nominal" as const,
    sort: data.map(({ label }) => label),
    title: null,
    axis: { labelLimit: 0, grid: true, domain: false, ticks: false },
  };
  const x = {
    field: "testError",
    type: "quantitative" as const,
    title: "test error (fraction)",
    scale: { domain: [0, 1], nice: false },
    axis: { format: ".1f", values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  };
  const point = {
    type: "point" as const,
    size: narrow ? 46 : 60,
    strokeWidth: 1.5,
    opacity: 1,
    color: color("series1"),
  };
  const tooltip = [
    { field: "label", title: "encoding" },
    { field: "testError", title: "test error", format: ".4f" },
    { field: "gapNats", title: "gap (nats)", format: ".2e" },
  ];
  return {
    width,
    height: 46 + (narrow ? 26 : 34) * data.length,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    layer: [
      { transform: [{ filter: "datum.certified" }], mark: { ...point, filled: true }, encoding: { x, y, tooltip } },
      {
        transform: [{ filter: "!datum.certified" }],
        mark: { ...point, fill: color("ground") },
        encoding: { x, y, tooltip },
      },
    ],
  };
}

function table({ rows }: Result): Table {
  const fraction = (value: number): string => value.toFixed(4);
  const bits = (value: number): string => value.toFixed(3);
  return {
    columns: [
      { key: "label", title: "encoding" },
      { key: "bytes", title: "bytes per image" },
      { key: "testError", title: "test error", format: fraction },
      { key: "trainError", title: "train error", format: fraction },
      { key: "gapNats", title: "gap (nats)", format: significant },
      { key: "certified", title: "certified" },
      { key: "decodesExactly", title: "decodes exactly" },
      { key: "imageEntropyBits", title: "H(image), bits", format: bits },
      { key: "labelGivenImageBits", title: "H(label | image), bits", format: bits },
      { key: "byteEntropyBits", title: "H(one byte), bits", format: bits },
    ],
    rows: encodings(rows),
  };
}
