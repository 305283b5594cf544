/**
 * @file The toy of figure 3: a Gaussian half-space and the layers of an untrained deep network above it, a fresh draw
 * of both for every dataset. The kernels compute the layers, not an engine: so the bits are the same on every
 * machine that fuses multiply and add.
 */
import {
  type Features,
  labelled,
  type LabelledFeatures,
  reject,
  type Stream,
  type WasmRuntime,
} from "@linear-probes/core";
import { deepMlp, deepMlpTap, gaussianHalfspace, initialParameters, type LoadedDataset } from "@linear-probes/models";

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
  const graph = deepMlp({ depth, width, inputs: width, classes: data.classes, slope }).build();
  const parameters = initialParameters(graph, toyStream(experiment, index).split("network"));
  const weightsOf = (layer: number): Float32Array => {
    const name = `${deepMlpTap(layer)}_preact/weights`; // [in, out]; the biases are zero
    return parameters.get(name) ?? reject("parameters", `must hold ${name}`, "none");
  };
  const all: Features[] = [];
  const pile = ({ inputs }: LoadedDataset["train"]): Features[] => {
    const writer = runtime.createFeatures({ rows: inputs.length / width, cols: width, name: deepMlpTap(0) });
    writer.write(0, Float32Array.from(inputs));
    const features = [writer.finish()];
    for (let layer = 1; layer <= depth; layer++)
      features.push(runtime.denseLeakyRelu(features[layer - 1]!, weightsOf(layer), width, slope));
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
