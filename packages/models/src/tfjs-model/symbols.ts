/**
 * @file The tensors of a loaded tf.LayersModel, under the names of layers-graph.ts. The layers of a model that is used as a
 * layer are called once more, on what the model is called with, so that what they make is made of the inputs of the whole.
 */
import type * as tfjs from "@tensorflow/tfjs";
import { tensorName } from "./layers-graph.ts";

type Symbolic = tfjs.SymbolicTensor;
type Layer = tfjs.layers.Layer;

/** Layers of inner models get their names in the whole, since those must differ. */
export function symbolsOf(tf: typeof tfjs, whole: tfjs.LayersModel): ReadonlyMap<string, Symbolic> {
  const symbols = new Map<string, Symbolic>();
  const names = new Map<Layer, string>(); // in the file

  /** One call of a layer of `net`: `own` are its outputs there, `given` what it is called with in the whole. */
  const call = (layer: Layer, at: number, own: readonly Symbolic[], given: readonly Symbolic[], prefix: string) => {
    const name = names.get(layer) ?? layer.name;
    names.set(layer, name);
    layer.name = `${prefix}${name}`;
    const outputs =
      layer instanceof tf.LayersModel
        ? unfold(layer, given, `${prefix}${tensorName([name, at, 0])}/`)
        : given.every((tensor, i) => tensor === own[0]?.inputs[i])
          ? own
          : applied(layer, given, own[0]);
    for (const [i, output] of outputs.entries()) symbols.set(`${prefix}${tensorName([name, at, i])}`, output);
    return outputs;
  };

  /** The outputs of `net` when it is called on `inputs`. */
  const unfold = (net: tfjs.LayersModel, inputs: readonly Symbolic[], prefix: string): readonly Symbolic[] => {
    // A first layer that is a model is no call of it there, so a sequence is followed by its layers.
    if (net instanceof tf.Sequential)
      return net.layers
        .filter((layer) => layer.getClassName() !== "InputLayer")
        .reduce((before, layer) => call(layer, 0, listOf(layer.getOutputAt(0)), before, prefix), inputs);
    const made = new Map(net.inputs.flatMap(({ id }, i) => (inputs[i] ? [[id, inputs[i]] as const] : [])));
    const valueOf = (tensor: Symbolic): Symbolic => {
      const { id, sourceLayer, nodeIndex } = tensor;
      if (!made.has(id)) {
        const own = listOf(sourceLayer.getOutputAt(nodeIndex));
        // A model's own graph counts as its first call.
        const at = sourceLayer instanceof tf.LayersModel ? nodeIndex - 1 : nodeIndex;
        const outputs = call(sourceLayer, at, own, tensor.inputs.map(valueOf), prefix);
        for (const [i, output] of outputs.entries()) made.set(own[i]?.id ?? id, output);
      }
      return made.get(id) ?? tensor;
    };
    return net.outputs.map(valueOf);
  };

  unfold(whole, whole.inputs, "");
  return symbols;
}

function applied(layer: Layer, given: readonly Symbolic[], own: Symbolic | undefined): readonly Symbolic[] {
  const [only, ...more] = given;
  // With no tensors of values going in, none come out.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see the line above
  return listOf(layer.apply(only && more.length === 0 ? only : [...given], own?.callArgs) as Symbolic | Symbolic[]);
}

function listOf(value: Symbolic | Symbolic[]): readonly Symbolic[] {
  return Array.isArray(value) ? value : [value];
}
