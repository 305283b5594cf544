/**
 * @file Standard normals by the ziggurat method (Marsaglia & Tsang 2000, 256 layers of equal area), exact up to the
 * 32 bits of each draw. The layer is drawn apart from the position inside it, which removes the correlation that
 * Doornik (2005) found in the original. A quarter of the cost of the polar method.
 */

const LAYERS = 256;
/** Where the tail begins, and the area of each layer, for 256 layers under exp(-x²/2). */
const TAIL = 3.6541528853610088;
const AREA = 0.004928673233974658;

const density = (x: number): number => Math.exp(-0.5 * x * x);

/** Right edge of each layer, from the bottom (index 0 is the widened base) to 0 at the top; see the test. */
export const LAYER_EDGES: Float64Array = layerEdges();
const HEIGHTS = LAYER_EDGES.map(density);
const TWO_TO_MINUS_31 = 2 ** -31;
const TWO_TO_MINUS_32 = 2 ** -32;

function layerEdges(): Float64Array {
  const edges = new Float64Array(LAYERS + 1);
  edges[0] = AREA / density(TAIL);
  edges[1] = TAIL;
  for (let i = 2; i < LAYERS; i++) {
    const previous = edges[i - 1]!;
    edges[i] = Math.sqrt(-2 * Math.log(AREA / previous + density(previous)));
  }
  return edges;
}

/** Fills `out` with standard normals made of `int32`, a source of uniform 32-bit integers. */
export function fillNormal(int32: () => number, out: Float32Array | Float64Array): void {
  let layers = 0; // four layer numbers of one byte each
  for (let i = 0; i < out.length; i++) {
    layers = (i & 3) === 0 ? int32() : layers >>> 8;
    const layer = layers & 0xff;
    const z = (int32() + 0.5) * TWO_TO_MINUS_31 * LAYER_EDGES[layer]!;
    out[i] = Math.abs(z) < LAYER_EDGES[layer + 1]! ? z : atTheEdge(int32, layer, z);
  }
}

/** The one draw in eighty that falls outside the rectangle certain to lie under the density. */
function atTheEdge(int32: () => number, first: number, firstZ: number): number {
  let layer = first;
  let z = firstZ;
  for (;;) {
    if (Math.abs(z) < LAYER_EDGES[layer + 1]!) return z;
    if (layer === 0) return Math.sign(z) * tail(int32);
    const low = HEIGHTS[layer]!;
    if (low + uniform(int32) * (HEIGHTS[layer + 1]! - low) < density(z)) return z;
    layer = int32() & 0xff;
    z = (int32() + 0.5) * TWO_TO_MINUS_31 * LAYER_EDGES[layer]!;
  }
}

/** |x| given |x| > TAIL (Marsaglia 1964). */
function tail(int32: () => number): number {
  for (;;) {
    const x = -Math.log(uniform(int32)) / TAIL;
    const y = -Math.log(uniform(int32));
    if (2 * y > x * x) return TAIL + x;
  }
}

/** Uniform on (0, 1), both ends excluded. */
function uniform(int32: () => number): number {
  return ((int32() >>> 0) + 0.5) * TWO_TO_MINUS_32;
}
