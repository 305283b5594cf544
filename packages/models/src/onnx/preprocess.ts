/**
 * @file What is done to an image before a model sees it, as data: recorded with every result, and part of its key. The
 * presets are those of the two libraries whose ImageNet networks people have.
 */

/** Geometry, in the order given. */
export type GeometryStep =
  /** The shorter side becomes `size`, the longer ⌊size · longer/shorter⌋ (torchvision). */
  | { readonly step: "resize-shorter"; readonly size: number; readonly method: ResizeMethod }
  | { readonly step: "resize"; readonly height: number; readonly width: number; readonly method: ResizeMethod }
  /** From the middle; halves round to even, as in Python. */
  | { readonly step: "crop"; readonly height: number; readonly width: number }
  /** The middle, leaving ⌊(1 - fraction)/2 · side⌋ on each side (TensorFlow's central_crop). */
  | { readonly step: "crop-fraction"; readonly fraction: number };

/**
 * `bilinear-antialias`: the triangle filter widened when shrinking, rounded to bytes, as Pillow does.
 * `bilinear-tf1`: the four nearest pixels at corner-aligned coordinates x·in/out, as TensorFlow 1's resize_bilinear does.
 */
export type ResizeMethod = "bilinear-antialias" | "bilinear-tf1";

export interface Preprocess {
  readonly geometry: readonly GeometryStep[];
  /** Values are (byte · scale - mean[channel]) / std[channel]; one entry serves all channels. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly channels: "RGB" | "BGR";
  readonly layout: "channels-first" | "channels-last";
}

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

function torchvision(resized: number, cropped: number): Preprocess {
  return {
    geometry: [
      { step: "resize-shorter", size: resized, method: "bilinear-antialias" },
      { step: "crop", height: cropped, width: cropped },
    ],
    scale: 1 / 255,
    ...imagenet,
    channels: "RGB",
    layout: "channels-first",
  };
}

/** By name; `--preprocess` takes these. */
export const preprocessPresets: Readonly<Record<string, Preprocess>> = {
  /** Bytes to [0, 1], nothing else. */
  none: { geometry: [], scale: 1 / 255, mean: [0], std: [1], channels: "RGB", layout: "channels-first" },
  /** torchvision, ImageClassification(crop_size=224). */
  torchvision: torchvision(256, 224),
  /** torchvision, Inception_V3_Weights.IMAGENET1K_V1. */
  "torchvision-inception": torchvision(342, 299),
  /** TF-slim, inception_preprocessing.preprocess_for_eval. */
  "tf-slim-inception": {
    geometry: [
      { step: "crop-fraction", fraction: 0.875 },
      { step: "resize", height: 299, width: 299, method: "bilinear-tf1" },
    ],
    scale: 1 / 255,
    mean: [0.5],
    std: [0.5],
    channels: "RGB",
    layout: "channels-last",
  },
};
