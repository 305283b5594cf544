/**
 * @file Handwriting drawn by a program: 28 × 28 grey digits that stand in for MNIST where it cannot be had. Each image
 * takes one of several hands for its digit, moves the points of its strokes, bends the whole by a random smooth field
 * (after Simard, Steinkraus & Platt 2003), slants, turns and stretches it, inks it with a pen of random width, and
 * fits and centres it as MNIST does (20 × 20 box, centre of mass in the middle). Image i depends on i alone.
 */
import type { Stream } from "@linear-probes/core";
import { rootStream } from "@linear-probes/core";
import type { Dataset, LabelledInputs, LoadOptions } from "../dataset.ts";
import { assemble, rowCount } from "./parts/assemble.ts";
import type { Hand } from "./parts/digit-strokes.ts";
import { DIGIT_HANDS } from "./parts/digit-strokes.ts";
import type { Segments } from "./parts/draw-strokes.ts";
import { appendCurve, distanceField } from "./parts/draw-strokes.ts";

const SIZE = 28; // pixels
const BOX = 20; // pixels; MNIST fits its digits into 20 × 20
const ROWS = { train: 60_000, test: 10_000 };

/** How much the hands vary. Chosen so that a linear classifier errs about as often as on MNIST. */
const POINT_JITTER = 0.04; // of the unit box
const BEND = 0.07; // of the unit box, at the nodes of the field
const TURN = 0.18; // radians
const SLANT = { mean: 0.15, deviation: 0.3 }; // tangent
const STRETCH = { mean: 0.85, deviation: 0.2, least: 0.4 }; // relative width
const PEN = { mean: 1.35, deviation: 0.35, least: 0.7, most: 2.4 }; // half-width, pixels
const BLUR = 0.8; // pixels from full ink to none, on either side of the pen's edge
const GRAIN = 12; // grey levels

const facts = { name: "synthetic-digits", classes: 10, inputShape: [SIZE, SIZE, 1] };

export const syntheticDigits: Dataset = {
  ...facts,
  source: "drawn by linear-probes; always the same images, whatever the seed",
  async load({ rows }: LoadOptions = {}) {
    const stream = rootStream("synthetic-digits/1");
    const draw = (role: "train" | "test"): LabelledInputs =>
      drawDigits(rowCount(`${facts.name} ${role}`, rows?.[role], ROWS[role]), stream.split(role));
    return assemble(facts, { train: draw("train"), test: draw("test") }, undefined, {
      synthetic: true,
      notice:
        "Made from synthetic digits drawn by a program, not from MNIST: no number here can be compared with the paper's.",
    });
  },
};

function drawDigits(n: number, stream: Stream): LabelledInputs {
  const inputs = new Uint8Array(n * SIZE * SIZE);
  const labels = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const own = stream.split(i);
    labels[i] = own.integer(DIGIT_HANDS.length);
    const hands = DIGIT_HANDS[labels[i] ?? 0] ?? [];
    drawDigit(hands[own.integer(hands.length)] ?? [], own, inputs.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE));
  }
  return { inputs, labels };
}

function drawDigit(hand: Hand, stream: Stream, pixels: Uint8Array): void {
  const normals = normalSource(stream);
  const segments: Segments = [];
  for (const stroke of hand) {
    appendCurve(
      stroke.map(([x, y]) => [x + POINT_JITTER * normals(), y + POINT_JITTER * normals()] as const),
      segments,
    );
  }
  bend(segments, normals);
  turnAndStretch(segments, normals);
  const pen = Math.max(PEN.least, Math.min(PEN.most, PEN.mean + PEN.deviation * normals()));
  fitAndCentre(segments, BOX - 2 * pen);
  const squares = distanceField(segments, SIZE, pen + BLUR);
  for (let i = 0; i < pixels.length; i++) {
    const ink = (pen + BLUR - Math.sqrt(squares[i]!)) / (2 * BLUR); // 0 outside … 1 inside
    if (!(ink > 0)) continue;
    const level = 255 * Math.min(1, ink) + GRAIN * normals();
    pixels[i] = Math.max(0, Math.min(255, Math.round(level)));
  }
}

/** Displaces every point by a smooth field: normals on a 4 × 4 grid over the unit box, blended by smoothstep. */
function bend(segments: Segments, normals: () => number): void {
  const nodes = 4;
  const field = Float64Array.from({ length: 2 * nodes * nodes }, () => BEND * normals());
  const blend = (t: number): number => t * t * (3 - 2 * t);
  for (let p = 0; p < segments.length; p += 2) {
    const u = Math.max(0, Math.min(0.999, segments[p]!)) * (nodes - 1);
    const v = Math.max(0, Math.min(0.999, segments[p + 1]!)) * (nodes - 1);
    const [col, row] = [Math.floor(u), Math.floor(v)];
    const [right, down] = [blend(u - col), blend(v - row)];
    for (let axis = 0; axis < 2; axis++) {
      const node = (r: number, c: number): number => field[2 * (r * nodes + c) + axis]!;
      const above = node(row, col) * (1 - right) + node(row, col + 1) * right;
      const below = node(row + 1, col) * (1 - right) + node(row + 1, col + 1) * right;
      segments[p + axis]! += above * (1 - down) + below * down;
    }
  }
}

function turnAndStretch(segments: Segments, normals: () => number): void {
  const half = (TURN * normals()) / 2; // tan(angle/2), nearly; then cosine and sine are rational in it
  const cosine = (1 - half * half) / (1 + half * half);
  const sine = (2 * half) / (1 + half * half);
  const slant = SLANT.mean + SLANT.deviation * normals();
  const stretch = Math.max(STRETCH.least, STRETCH.mean + STRETCH.deviation * normals());
  for (let p = 0; p < segments.length; p += 2) {
    const y = segments[p + 1]! - 0.5;
    const x = stretch * (segments[p]! - 0.5) - slant * y;
    segments[p] = cosine * x - sine * y;
    segments[p + 1] = sine * x + cosine * y;
  }
}

/** Scales the longer side to `side` pixels and puts the centre of mass of the line into the middle of the image. */
function fitAndCentre(segments: Segments, side: number): void {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  let [mass, momentX, momentY] = [0, 0, 0];
  for (let s = 0; s < segments.length; s += 4) {
    const [x0, y0, x1, y1] = [segments[s]!, segments[s + 1]!, segments[s + 2]!, segments[s + 3]!];
    left = Math.min(left, x0, x1);
    right = Math.max(right, x0, x1);
    top = Math.min(top, y0, y1);
    bottom = Math.max(bottom, y0, y1);
    const length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
    mass += length;
    momentX += (length * (x0 + x1)) / 2;
    momentY += (length * (y0 + y1)) / 2;
  }
  const scale = side / Math.max(right - left, bottom - top);
  const middle = (SIZE - 1) / 2;
  for (let p = 0; p < segments.length; p += 2) {
    segments[p] = middle + scale * (segments[p]! - momentX / mass);
    segments[p + 1] = middle + scale * (segments[p + 1]! - momentY / mass);
  }
}

/** Normals one by one, drawn in blocks. */
function normalSource(stream: Stream): () => number {
  const block = new Float64Array(64);
  let used = block.length;
  return () => {
    if (used === block.length) {
      stream.fillNormal(block);
      used = 0;
    }
    return block[used++]!;
  };
}
