/**
 * @file Figure 1: one image as a hex dump and as a picture, and what the paper means by it, in numbers: bijections on
 * the bytes of an image keep every bit of information, while a linear probe reads less and less of them.
 *
 * Entropies are those of the empirical distribution of the images at hand. For a bijection f, H(f(X)) = H(X) and
 * H(Y|f(X)) = H(Y|X) hold for any distribution of X; that f is one is checked by decoding every image.
 */
import { reject, type Row } from "@linear-probes/core";
import { z } from "zod";
import { defineExperiment, type TaskContext, type TaskLabel, type TaskResult } from "../experiment.ts";
import { rowSchema } from "../results.ts";
import { byteFacts, byteProbe, type ImageRows, loadImages } from "../stages/byte-probes.ts";
import type { CertifiedPathSettings } from "../stages/convnet-certified.ts";

type Settings = {
  readonly rows: ImageRows;
  readonly encodings: readonly string[];
  readonly example: number; // row of the image that is shown
  readonly certified: CertifiedPathSettings;
};

const full = {
  encodings: ["pixels", "permutation", "xor", "substitution", "deflate"].concat(
    [1, 2, 4, 8, 16].map((rounds) => `feistel-${rounds}`),
  ),
  example: 0,
  certified: { strengths: [1e-1, 1e-2, 1e-3, 1e-4, 1e-5], pathGap: 1e-2, chosenGap: 1e-3, passes: 100 },
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  bytes: new URL("../stages/byte-probes.ts", import.meta.url),
};

/** The image that is shown, or an encoding. */
interface Task extends TaskLabel {
  readonly encoding?: string;
}

export default defineExperiment<Settings, Task>({
  id: "fig01-bytes-and-pixels",
  title: "bytes that keep all information and lose all readability",
  source: "Alain & Bengio 2016, figure 1",
  replayLevel: "bitwise-one-machine", // deflate may compress otherwise on another processor
  parallelism: "tasks",
  profiles: {
    smoke: {
      ...full,
      rows: { train: 400, validation: 200, test: 200 },
      encodings: ["pixels", "permutation", "feistel-2", "feistel-16"],
      certified: { ...full.certified, strengths: [1e-2, 1e-3] },
    },
    quick: { ...full, rows: { train: 8000, validation: 2000, test: 2000 } },
    paper: { ...full, rows: { train: 30_000, validation: 5000, test: 10_000 } },
  },
  stages,
  goldenTolerance: {
    testError: 0.02,
    validationError: 0.02,
    trainError: 0.02,
    trainLoss: 0.02,
    gapNats: 0.01,
    relativeGap: 0.01,
    l2: 100,
    passes: 60,
    byteEntropyBits: 0.01,
    bytes: 8,
  },
  tasks: ({ encodings }) => [
    { label: "the image", weight: 0.1 },
    ...encodings.map((encoding) => ({ label: encoding, weight: 1, encoding })),
  ],
  run: ({ encoding }, settings, context) =>
    encoding === undefined ? showImage(settings, context) : probeEncoding(encoding, settings, context),
});

async function showImage({ rows, example }: Settings, context: TaskContext): Promise<TaskResult> {
  const { record, bytes, shape, labels } = await loadImages(context, rows);
  return { dataset: record, rows: imageRows(bytes[example] ?? new Uint8Array(), shape, labels[example] ?? -1) };
}

async function probeEncoding(id: string, { rows, certified }: Settings, context: TaskContext): Promise<TaskResult> {
  const { runtime, stream } = context;
  const images = await loadImages(context, rows);
  const order = images.encodings.findIndex((encoding) => encoding.id === id);
  const encoding = images.encodings[order] ?? reject("encoding", "must be one that there is", id);
  const facts = {
    kind: "fig01-encoding",
    encoding: id,
    data: images.record.sha256,
    rows,
    certified,
    stream: stream.path,
  };
  const { json } = await context.remember([stages.kernels, stages.bytes], facts, async (meter) => {
    const encoded = await meter.phase("entropies", () => images.bytes.map((image) => encoding.encode(image)));
    const kept = await meter.phase("entropies", () => byteFacts(images, encoding, encoded));
    const watch = (): undefined => {
      context.stop.check();
    };
    const probe = await meter.phase("probes", () =>
      byteProbe(runtime, images, encoding, encoded, rows, stream.split("probes"), certified, watch),
    );
    return { json: { ...kept, ...probe } };
  });
  const { label, bytes } = encoding;
  const row = { kind: "encoding", order, encoding: id, label, bytes, ...rowSchema.parse(json) };
  return { dataset: images.record, rows: [row] };
}

const BYTES_PER_LINE = 16;

/** The image twice: as lines of a hex dump, and as pixels. */
function imageRows(image: Uint8Array, shape: readonly number[], label: number): readonly Row[] {
  const [, width = 1] = z.array(z.number()).parse([...shape]);
  const lines = Array.from({ length: Math.ceil(image.length / BYTES_PER_LINE) }, (_, line) => ({
    kind: "hex",
    label: String(label),
    offset: line * BYTES_PER_LINE,
    bytes: Array.from(image.subarray(line * BYTES_PER_LINE, (line + 1) * BYTES_PER_LINE), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join(" "),
  }));
  const pixels = Array.from(image, (value, at) => ({ kind: "pixel", x: at % width, y: Math.floor(at / width), value }));
  return [...lines, ...pixels];
}
