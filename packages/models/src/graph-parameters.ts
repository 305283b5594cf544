/** @file A graph's parameters: first values from named streams, and their places in one flat float32 vector. */
import { reject } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import { size } from "./graph.ts";
import type { Initializer, LayerGraph, ParameterSpec } from "./graph.ts";

/** Values by parameter name. */
export type Parameters = ReadonlyMap<string, Float32Array>;

/** Draws every parameter from its own child of `stream`, named after the parameter. */
export function initialParameters(graph: LayerGraph, stream: Stream): Parameters {
  return new Map(graph.parameters.map((spec) => [spec.name, draw(spec, stream.split(spec.name))]));
}

function draw(spec: ParameterSpec, stream: Stream): Float32Array {
  const values = new Float32Array(size(spec.shape));
  const next = sampler(spec.initializer, spec, stream);
  for (let i = 0; i < values.length; i++) values[i] = next();
  return values;
}

function sampler(initializer: Initializer, spec: ParameterSpec, stream: Stream): () => number {
  switch (initializer.kind) {
    case "constant":
      return () => initializer.value;
    case "glorot-normal": {
      const std = Math.sqrt(2 / (spec.fanIn + spec.fanOut));
      return () => std * stream.normal();
    }
    case "he-normal": {
      const std = Math.sqrt(2 / spec.fanIn);
      return () => std * stream.normal();
    }
    case "truncated-normal":
      return () => {
        for (;;) {
          const z = stream.normal();
          if (Math.abs(z) <= 2) return initializer.std * z;
        }
      };
    default:
      return initializer satisfies never;
  }
}

export interface Segment {
  readonly spec: ParameterSpec;
  readonly start: number; // in floats
  readonly length: number;
}

/** Where each parameter lies in a flat vector; starts are multiples of 16 floats, so that SIMD loads are aligned. */
export interface ParameterLayout {
  readonly segments: readonly Segment[];
  readonly length: number;
}

export function parameterLayout(graph: LayerGraph): ParameterLayout {
  let start = 0;
  const segments = graph.parameters.map((spec) => {
    const segment = { spec, start, length: size(spec.shape) };
    start += Math.ceil(segment.length / 16) * 16;
    return segment;
  });
  return { segments, length: start };
}

/** Copies named values into their places. */
export function scatter(layout: ParameterLayout, values: Parameters, flat: Float32Array): void {
  for (const { spec, start, length } of layout.segments) {
    const from = values.get(spec.name);
    if (from?.length !== length) reject(`parameter ${spec.name}`, `must have ${length} values`, from?.length ?? "none");
    flat.set(from, start);
  }
}

/** Copies named values out of their places. */
export function gather(layout: ParameterLayout, flat: Float32Array): Parameters {
  return new Map(
    layout.segments.map(({ spec, start, length }) => [spec.name, flat.slice(start, start + length)] as const),
  );
}
