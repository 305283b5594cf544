/** @file The points of figure 1: one image as bytes and as pixels, and the probe's error on each encoding of all images. */
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";

export interface EncodingPoint extends Row {
  readonly order: number;
  readonly encoding: string; // id
  readonly label: string;
  readonly bytes: number; // per image
  readonly testError: number;
  readonly trainError: number;
  readonly gapNats: number;
  readonly certified: boolean;
  readonly decodesExactly: boolean;
  readonly imageEntropyBits: number;
  readonly labelGivenImageBits: number;
  readonly byteEntropyBits: number;
}

export function encodings(rows: readonly Row[]): readonly EncodingPoint[] {
  const own = rows.filter((row) => row["kind"] === "encoding");
  return own.map((row) => ({
    order: numberCell(row, "order"),
    encoding: textCell(row, "encoding"),
    label: textCell(row, "label"),
    bytes: numberCell(row, "bytes"),
    testError: numberCell(row, "testError"),
    trainError: numberCell(row, "trainError"),
    gapNats: numberCell(row, "gapNats"),
    certified: flagCell(row, "certified"),
    decodesExactly: flagCell(row, "decodesExactly"),
    imageEntropyBits: numberCell(row, "imageEntropyBits"),
    labelGivenImageBits: numberCell(row, "labelGivenImageBits"),
    byteEntropyBits: numberCell(row, "byteEntropyBits"),
  }));
}

/** The encodings between which a chain of mixing rounds goes, the pixels first. */
export function mixing(points: readonly EncodingPoint[]): readonly EncodingPoint[] {
  return points.filter(({ encoding }) => encoding === "pixels" || encoding.startsWith("feistel"));
}

export interface HexLine extends Row {
  readonly offset: string; // hexadecimal
  readonly bytes: string;
  readonly line: number;
  readonly label: string; // of the image
}

export function hexLines(rows: readonly Row[]): readonly HexLine[] {
  return rows
    .filter((row) => row["kind"] === "hex")
    .map((row, line) => ({
      offset: numberCell(row, "offset").toString(16).padStart(4, "0"),
      bytes: textCell(row, "bytes"),
      line,
      label: textCell(row, "label"),
    }));
}

export interface Pixel extends Row {
  readonly x: number;
  readonly y: number;
  readonly value: number; // 0 = blank, 255 = full ink
}

export function pixels(rows: readonly Row[]): readonly Pixel[] {
  return rows
    .filter((row) => row["kind"] === "pixel")
    .map((row) => ({ x: numberCell(row, "x"), y: numberCell(row, "y"), value: numberCell(row, "value") }));
}
