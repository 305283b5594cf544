/** @file Pen strokes as curves, and ink as a function of the distance to them. Only + - × ÷ √: the same bytes anywhere. */
import type { PenStroke } from "./digit-strokes.ts";

/** Straight pieces between the points of a stroke. */
const PIECES = 6;

/** Line segments [x0, y0, x1, y1], one after the other. */
export type Segments = number[];

/** Appends the Catmull & Rom (1974) curve through the points of a stroke, as short straight segments. */
export function appendCurve(stroke: PenStroke, segments: Segments): void {
  const last = stroke.length - 1;
  const at = (i: number, axis: 0 | 1): number => stroke[Math.max(0, Math.min(last, i))]?.[axis] ?? Number.NaN;
  let x = at(0, 0);
  let y = at(0, 1);
  for (let i = 0; i < last; i++) {
    for (let piece = 1; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      const nextX = catmullRom(at(i - 1, 0), at(i, 0), at(i + 1, 0), at(i + 2, 0), t);
      const nextY = catmullRom(at(i - 1, 1), at(i, 1), at(i + 1, 1), at(i + 2, 1), t);
      segments.push(x, y, nextX, nextY);
      x = nextX;
      y = nextY;
    }
  }
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/** Squared distance in pixels from every pixel centre to the nearest segment, where below `reach`; Infinity elsewhere. */
export function distanceField(segments: Segments, size: number, reach: number): Float64Array {
  const out = new Float64Array(size * size).fill(Infinity);
  for (let s = 0; s < segments.length; s += 4) {
    const x0 = segments[s]!;
    const y0 = segments[s + 1]!;
    const dx = segments[s + 2]! - x0;
    const dy = segments[s + 3]! - y0;
    const perLength = 1 / (dx * dx + dy * dy + 1e-12);
    const top = Math.max(0, Math.ceil(Math.min(y0, y0 + dy) - reach));
    const bottom = Math.min(size - 1, Math.floor(Math.max(y0, y0 + dy) + reach));
    const left = Math.max(0, Math.ceil(Math.min(x0, x0 + dx) - reach));
    const right = Math.min(size - 1, Math.floor(Math.max(x0, x0 + dx) + reach));
    for (let row = top; row <= bottom; row++) {
      for (let col = left; col <= right; col++) {
        const t = Math.max(0, Math.min(1, ((col - x0) * dx + (row - y0) * dy) * perLength));
        const ex = x0 + t * dx - col;
        const ey = y0 + t * dy - row;
        const square = ex * ex + ey * ey;
        if (square < out[row * size + col]!) out[row * size + col] = square;
      }
    }
  }
  return out;
}
