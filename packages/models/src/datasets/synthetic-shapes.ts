/**
 * @file Colour pictures drawn by a program: 32 × 32, ten kinds of simple shapes and patterns, that stand in for CIFAR-10
 * where it cannot be had. Place, size, proportions and both colours are random, the light is uneven, and grain is added.
 * Image i depends on i alone.
 */
import type { Stream } from "@linear-probes/core";
import { rootStream } from "@linear-probes/core";
import type { Dataset, LabelledInputs, LoadOptions } from "../dataset.ts";
import { assemble, rowCount } from "./parts/assemble.ts";

const SIZE = 32; // pixels
const ROWS = { train: 50_000, test: 10_000 };
const GRAIN = 20; // grey levels
const LEAST_CONTRAST = 60; // grey levels, mean over the three colours

/** Is the point (u, v) inside? The shape fills about the square -1 … 1; patterns fill it with their stripes. */
type Shape = (u: number, v: number) => boolean;
const odd = (x: number): boolean => Math.floor(x) % 2 !== 0;
const SHAPES: readonly Shape[] = [
  (u, v) => u * u + v * v < 1, // disc
  (u, v) => u * u + v * v < 1 && u * u + v * v > 0.4, // ring
  (u, v) => Math.max(Math.abs(u), Math.abs(v)) < 0.9, // square
  (u, v) => Math.max(Math.abs(u), Math.abs(v)) < 0.9 && Math.max(Math.abs(u), Math.abs(v)) > 0.55, // frame
  (u, v) => Math.min(Math.abs(u), Math.abs(v)) < 0.3 && Math.max(Math.abs(u), Math.abs(v)) < 1, // cross
  (u, v) => v < 0.9 && v > 1.8 * Math.abs(u) - 0.9, // triangle
  (_, v) => odd(2.5 * v + 100), // lines across
  (u) => odd(2.5 * u + 100), // lines upright
  (u, v) => odd(1.8 * (u + v) + 100), // slanting lines
  (u, v) => odd(2 * u + 100) !== odd(2 * v + 100), // chessboard
];

const facts = { name: "synthetic-shapes", classes: SHAPES.length, inputShape: [SIZE, SIZE, 3] };

export const syntheticShapes: Dataset = {
  ...facts,
  source: "drawn by linear-probes; always the same images, whatever the seed",
  async load({ rows }: LoadOptions = {}) {
    const stream = rootStream("synthetic-shapes/1");
    const draw = (role: "train" | "test"): LabelledInputs =>
      drawImages(rowCount(`${facts.name} ${role}`, rows?.[role], ROWS[role]), stream.split(role));
    return assemble(facts, { train: draw("train"), test: draw("test") }, undefined, {
      synthetic: true,
      notice:
        "Made from synthetic shapes drawn by a program, not from CIFAR-10: no number here says anything about photographs.",
    });
  },
};

function drawImages(n: number, stream: Stream): LabelledInputs {
  const length = SIZE * SIZE * 3;
  const inputs = new Uint8Array(n * length);
  const labels = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const own = stream.split(i);
    labels[i] = own.integer(SHAPES.length);
    drawImage(SHAPES[labels[i] ?? 0] ?? (() => false), own, inputs.subarray(i * length, (i + 1) * length));
  }
  return { inputs, labels };
}

function drawImage(inside: Shape, stream: Stream, pixels: Uint8Array): void {
  const between = (low: number, high: number): number => low + (high - low) * stream.uniform();
  const [x0, y0] = [between(11, 21), between(11, 21)];
  const radius = between(6, 11);
  const [wide, high] = [radius * between(0.8, 1.2), radius * between(0.8, 1.2)];
  const [front, back] = twoColours(stream);
  const [slopeX, slopeY] = [between(-1.5, 1.5), between(-1.5, 1.5)]; // of the light, grey levels per pixel
  const grain = new Float64Array(pixels.length);
  stream.fillNormal(grain);
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      const colour = inside((x - x0) / wide, (y - y0) / high) ? front : back;
      const light = slopeX * (x - SIZE / 2) + slopeY * (y - SIZE / 2);
      for (let c = 0; c < 3; c++) {
        const at = (y * SIZE + x) * 3 + c;
        pixels[at] = Math.max(0, Math.min(255, Math.round(colour[c]! + light + GRAIN * grain[at]!)));
      }
    }
}

/** Two colours that can be told apart. */
function twoColours(stream: Stream): readonly [readonly number[], readonly number[]] {
  for (;;) {
    const [front, back] = [0, 1].map(() => [0, 1, 2].map(() => stream.integer(256)));
    if (front === undefined || back === undefined) throw new Error("unreachable");
    const contrast = front.reduce((sum, level, c) => sum + Math.abs(level - back[c]!), 0) / 3;
    if (contrast >= LEAST_CONTRAST) return [front, back];
  }
}
