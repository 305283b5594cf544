/** @file What the experiments on deep networks share: how their probes are fitted, and which layers get one. */

/**
 * The paper names neither the optimiser of the network nor the length of the probes' training. Of those tried, some
 * 1,400 batches of 128 at a learning rate of 1e-3 came nearest to the values read off the first frame of its figure 8:
 * 3 epochs of 60,000 images, 6 of 30,000, 9 of 20,000.
 */
export const deepProbes = {
  // With a sampled Hessian, 1e-5 costs a third more passes than 1e-3.
  certified: { l2: 1e-4, relativeGap: 1e-5, passes: 600 },
  rmsprop: { l2: 1e-6, epochs: 3, batch: 128, learningRate: 1e-3, decay: 0.9 },
} as const;

/** Every so manieth layer, from the input on. */
export function upTo(depth: number, every: number): number[] {
  return Array.from({ length: Math.floor(depth / every) + 1 }, (_, i) => i * every);
}

/** The layers that networks of 128 layers are compared at: every eighth, the first, and the one before the middle. */
export const comparedLayers: readonly number[] = [...upTo(128, 8), 1, 63].sort((a, b) => a - b);

/** The frames of an animation: steps that lie closer at the start, fewer layers and images, every probe started warm. */
export function animation(last: number, frames: number) {
  const steps = Array.from({ length: frames }, (_, i) => Math.round((last * (i / (frames - 1)) ** 1.5) / 5) * 5);
  return {
    ...deepProbes,
    certified: { ...deepProbes.certified, relativeGap: 1e-2 },
    name: "animation",
    steps: [...new Set(steps)],
    images: 6000,
    layers: upTo(128, 8),
    protocols: ["certified-standardized"],
    warm: true,
  } as const;
}

/**
 * After how many steps the depth sweep looks at its networks, and how many it trains of each kind. Of 128 layers they are
 * figure 7's own, which leaves them in the store.
 */
export const depthSweep = {
  smoke: { steps: 10, replicas: 1 },
  quick: { steps: 200, replicas: 1 },
  paper: { steps: 400, replicas: 2 },
} as const;
