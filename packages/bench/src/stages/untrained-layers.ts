/**
 * @file The toy of figure 3: a Gaussian half-space and the layers of an untrained deep network above it, a fresh draw
 * of both for every dataset. Layer 0 is the input; layer ℓ is leaky_relu(layer ℓ-1 · W), W Glorot normal, no bias.
 */
import { type Features, labelled, type LabelledFeatures, type Stream, type WasmRuntime } from "@linear-probes/core";
import { gaussianHalfspace, type LoadedDataset } from "@linear-probes/models";

export type ToySettings = {
  readonly trainRows: number;
  readonly testRows: number;
  readonly depth: number; // layers above the input
  readonly width: number;
  readonly slope: number; // of the leaky rectifier
};

export interface ToyLayer {
  readonly layer: number;
  readonly train: LabelledFeatures<"train">;
  readonly test: LabelledFeatures<"test">;
}

export interface ToyLayers {
  readonly layers: readonly ToyLayer[];
  release(): void;
}

/** Draws dataset number `index` of the experiment. */
export function drawToy(experiment: Stream, index: number, settings: ToySettings): Promise<LoadedDataset> {
  const rows = { train: settings.trainRows, test: settings.testRows };
  return gaussianHalfspace.load({ stream: toyStream(experiment, index), rows });
}

/** Passes the dataset through a fresh network of its own. */
export function untrainedLayers(
  runtime: WasmRuntime,
  experiment: Stream,
  index: number,
  settings: ToySettings,
  data: LoadedDataset,
): ToyLayers {
  const { depth, width, slope } = settings;
  const network = toyStream(experiment, index).split("network");
  const std = Math.sqrt(2 / (width + width)); // Glorot & Bengio 2010, with equal fan-in and fan-out
  const all: Features[] = [];
  const pile = ({ inputs }: LoadedDataset["train"]): Features[] => {
    const writer = runtime.createFeatures({ rows: inputs.length / width, cols: width, name: "layer 0" });
    writer.write(0, Float32Array.from(inputs));
    const features = [writer.finish()];
    for (let layer = 1; layer <= depth; layer++) {
      const weights = new Float32Array(width * width); // [in, out]
      network.split(`layer-${layer}`).fillNormal(weights);
      for (let at = 0; at < weights.length; at++) weights[at]! *= std;
      features.push(runtime.denseLeakyRelu(features[layer - 1]!, weights, width, slope));
    }
    all.push(...features);
    return features;
  };
  const [train, test] = [pile(data.train), pile(data.test)];
  return {
    layers: train.map((features, layer) => ({
      layer,
      train: labelled("train", features, data.train.labels, data.classes),
      test: labelled("test", test[layer]!, data.test.labels, data.classes),
    })),
    release: () => all.forEach((features) => features.release()),
  };
}

function toyStream(experiment: Stream, index: number): Stream {
  return experiment.split(`dataset-${index}`);
}
