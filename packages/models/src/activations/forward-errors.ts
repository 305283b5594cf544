/** @file The model's own answers: how often a head's greatest logit is not the label. */
import type { LayerGraph } from "../graph.ts";
import type { Parameters } from "../graph-parameters.ts";
import { streamActivations } from "./stream-activations.ts";
import type { InputRows, StreamActivationsOptions } from "./stream-activations.ts";

export interface ForwardErrors {
  readonly rows: number;
  /** Rows whose label is not the first class of greatest logit. */
  readonly errors: number;
  readonly loss: number; // mean cross-entropy, nats
}

/** Errors and loss of one head, by default the model's answer. */
export async function forwardErrors(
  graph: LayerGraph,
  parameters: Parameters,
  inputs: InputRows,
  labels: Int32Array,
  options: StreamActivationsOptions & { readonly logits?: string } = {},
): Promise<ForwardErrors> {
  const { classes } = graph;
  let errors = 0;
  let loss = 0;
  const write = (rowStart: number, block: Float32Array): void => {
    for (let row = 0; row < block.length / classes; row++) {
      const logits = block.subarray(row * classes, (row + 1) * classes);
      const label = labels[rowStart + row] ?? Number.NaN;
      const greatest = logits.reduce((max, logit) => Math.max(max, logit), -Infinity);
      if (logits.indexOf(greatest) !== label) errors += 1;
      const sum = logits.reduce((total, logit) => total + Math.exp(logit - greatest), 0);
      loss += greatest + Math.log(sum) - (logits[label] ?? Number.NaN);
    }
  };
  await streamActivations(graph, parameters, inputs, new Map([[options.logits ?? graph.logits, { write }]]), options);
  return { rows: inputs.rows, errors, loss: loss / inputs.rows };
}
