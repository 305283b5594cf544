/**
 * @file A small Inception for 32 × 32 photographs: the block types of Inception v3 (Szegedy et al. 2016, figures 5–7 and
 * 10, and its auxiliary head, figure 8) on grids of 16, 8 and 4, with some 10 million multiplications an image. Blocks
 * are parallel branches, concatenated: 1 × 1; 3 × 3; double 3 × 3 or a chain of 1 × n and n × 1; and an average pool. Grids are
 * halved by strided convolutions beside a max-pool.
 *
 * There is no batch normalisation: its statistics would make a checkpoint more than its parameters, and a probe's
 * features depend on their batch. Rectified layers start from He's initialisation instead, which keeps signals as large.
 */
import { layerGraph } from "../graph.ts";
import type { Head, Initializer, Kernel, Layer, LayerGraph } from "../graph.ts";
import type { Architecture } from "./architecture.ts";

type Step = readonly [filters: number, kernel: Kernel, stride?: 1 | 2];

const bias: Initializer = { kind: "constant", value: 0 };
const l2 = 1e-4; // on all weights and biases

/** Gathers layers; every method returns the name of the value it adds. */
function createNetwork() {
  const layers: Layer[] = [{ kind: "input", name: "input", shape: [3, 32, 32] }];
  const add = (layer: Layer): string => {
    layers.push(layer);
    return layer.name;
  };
  const relu = (name: string, from: string): string => add({ kind: "relu", name, from });
  const conv = (name: string, from: string, [filters, kernel, stride = 1]: Step): string =>
    relu(
      name,
      add({
        kind: "conv2d",
        name: `${name}_preact`,
        from,
        filters,
        kernel,
        stride,
        weights: { kind: "he-normal" },
        bias,
        l2,
      }),
    );
  /** Convolutions one after another, each rectified; "mixed_16a/b1_1" is the first of branch b1. */
  const chain = (name: string, from: string, steps: readonly Step[]): string =>
    steps.reduce((before, step, i) => conv(`${name}_${i + 1}`, before, step), from);
  return {
    layers,
    add,
    conv,
    /** Branches side by side, and an average pool with a 1 × 1 convolution. */
    block(name: string, from: string, branches: readonly (readonly Step[])[], pooled: number): string {
      const pool = add({ kind: "avg-pool", name: `${name}/pool`, from });
      const outputs = branches.map((steps, i) => chain(`${name}/b${i}`, from, steps));
      return add({ kind: "concat", name, from: [...outputs, conv(`${name}/pooled`, pool, [pooled, 1])] });
    },
    /** Branches whose last convolution has stride 2, and a max-pool: half the grid. */
    reduction(name: string, from: string, branches: readonly (readonly Step[])[]): string {
      const outputs = branches.map((steps, i) => chain(`${name}/b${i}`, from, steps));
      return add({ kind: "concat", name, from: [...outputs, add({ kind: "max-pool", name: `${name}/pool`, from })] });
    },
    /** As `block`, but the last layers of a branch stand side by side: 1 × 3 and 3 × 1. */
    fan(
      name: string,
      from: string,
      alone: number,
      branches: readonly (readonly Step[])[],
      spread: number,
      pooled: number,
    ) {
      const pool = add({ kind: "avg-pool", name: `${name}/pool`, from });
      const spreads = branches.flatMap((steps, i) => {
        const stem = chain(`${name}/b${i + 1}`, from, steps);
        const sides = { wide: [spread, [1, 3]], tall: [spread, [3, 1]] } as const;
        return Object.entries(sides).map(([side, step]) => conv(`${name}/b${i + 1}_${side}`, stem, step));
      });
      const first = conv(`${name}/b0_1`, from, [alone, 1]);
      return add({ kind: "concat", name, from: [first, ...spreads, conv(`${name}/pooled`, pool, [pooled, 1])] });
    },
    /** Mean of each channel, dropout, and the linear classifier. */
    classifier(prefix: string, from: string, rate: number): string {
      const mean = add({ kind: "global-avg-pool", name: `${prefix}mean`, from });
      const dropped = add({ kind: "dropout", name: `${prefix}dropped`, from: mean, rate });
      const weights: Initializer = { kind: "glorot-normal" };
      return add({ kind: "dense", name: `${prefix}logits`, from: dropped, units: 10, weights, bias, l2 });
    },
  };
}

function build(): LayerGraph {
  const net = createNetwork();
  let x = net.conv("stem1", "input", [16, 3]);
  x = net.add({ kind: "max-pool", name: "stem1_pool", from: x });
  x = net.conv("stem2", x, [32, 3]);
  x = net.block(
    "mixed_16a",
    x,
    [
      [[12, 1]],
      [
        [12, 1],
        [16, 3],
      ],
      [
        [8, 1],
        [12, 3],
        [12, 3],
      ],
    ],
    8,
  ); // 48 channels
  x = net.reduction("mixed_8a", x, [
    [[24, 3, 2]],
    [
      [12, 1],
      [16, 3],
      [24, 3, 2],
    ],
  ]); // 96
  for (const name of ["mixed_8b", "mixed_8c", "mixed_8d"]) {
    const short: Step[] = [
      [16, 1],
      [20, [1, 5]],
      [24, [5, 1]],
    ];
    const long: Step[] = [
      [12, 1],
      [16, [5, 1]],
      [16, [1, 5]],
      [16, [5, 1]],
      [24, [1, 5]],
    ];
    x = net.block(name, x, [[[32, 1]], short, long], 16); // 96
  }
  const trunk = x;
  x = net.conv("aux_conv1", trunk, [32, 1]);
  x = net.conv("aux_conv2", x, [64, 3, 2]);
  const auxiliary = net.classifier("aux_", x, 0.3);

  x = net.reduction("mixed_4a", trunk, [
    [
      [24, 1],
      [48, 3, 2],
    ],
    [
      [16, 1],
      [16, [1, 5]],
      [20, [5, 1]],
      [32, 3, 2],
    ],
  ]); // 176
  for (const name of ["mixed_4b", "mixed_4c"])
    x = net.fan(
      name,
      x,
      48,
      [
        [[32, 1]],
        [
          [32, 1],
          [40, 3],
        ],
      ],
      24,
      32,
    ); // 176
  const logits = net.classifier("", x, 0.3);

  const heads: readonly Head[] = [
    { logits: auxiliary, weight: 0.4 }, // as Inception v3's
    { logits, weight: 1 },
  ];
  return layerGraph({ name: "inception-cifar", layers: net.layers, heads, taps });
}

/** The branch of the auxiliary head, which leaves the trunk after `mixed_8d`. */
export const auxiliaryTaps: readonly string[] = [
  "aux_conv1",
  "aux_conv2_preact",
  "aux_conv2",
  "aux_mean",
  "aux_logits",
];

const taps: readonly string[] = [
  "input",
  "stem1_preact",
  "stem1",
  "stem1_pool",
  "stem2_preact",
  "stem2",
  "mixed_16a",
  "mixed_8a",
  "mixed_8b",
  "mixed_8c",
  "mixed_8d",
  ...auxiliaryTaps,
  "mixed_4a",
  "mixed_4b",
  "mixed_4c",
  "mean",
  "logits",
];

export const inceptionCifar: Architecture = {
  name: "inception-cifar",
  source: "Szegedy et al. 2016, Rethinking the Inception architecture, in small",
  pixels: { shift: 127.5, scale: 63.75 }, // -2 to 2: about unit variance
  heldOut: 2000,
  build,
  training: {
    batch: 64,
    epochs: 8,
    optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    learningRate: { kind: "staircase", initial: 1e-3, decay: 0.75 },
    order: "shuffled",
    mirror: true,
  },
};
