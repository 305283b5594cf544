/**
 * @file What is kept and what is lost when images are encoded as other bytes: entropies of the empirical distribution of
 * the images at hand, and the certified probe on the bytes.
 */
import {
  evaluateOnTest,
  labelled,
  type LabelledFeatures,
  reject,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import { loadDigits } from "@linear-probes/models";
import type { ConvnetProbe } from "../probe-cells.ts";
import type { DatasetRecord } from "../run-record.ts";
import { type ByteEncoding, byteEncodings } from "./byte-encodings.ts";
import { certifiedProbe, type CertifiedPathSettings } from "./convnet-certified.ts";
import { oncePerThread } from "./once-per-thread.ts";

export type ImageRows = { readonly train: number; readonly validation: number; readonly test: number };

export interface Images {
  readonly record: DatasetRecord;
  readonly classes: number;
  readonly shape: readonly number[]; // height, width, channels
  readonly bytes: readonly Uint8Array[]; // train, then validation, then test
  readonly labels: Int32Array;
  readonly encodings: readonly ByteEncoding[];
}

export interface ImageSource {
  readonly stream: Stream;
  readonly dataDir: string | undefined;
  readonly log: (line: string) => void;
}

export const loadImages = oncePerThread(load, ({ stream, dataDir }, rows) => [stream.path, dataDir, rows]);

async function load({ stream, dataDir, log }: ImageSource, rows: ImageRows): Promise<Images> {
  const data = await loadDigits({
    stream: stream.split("data"),
    rows: { train: rows.train + rows.validation, test: rows.test },
    log,
    ...(dataDir !== undefined && { dataDir }),
  });
  const { name, sha256, synthetic, notice, classes, inputShape } = data;
  const width = inputShape.reduce((product, extent) => product * extent, 1);
  const bytes = [data.train, data.test].flatMap(({ inputs, labels }) => {
    if (!(inputs instanceof Uint8Array)) reject(name, "must be images of bytes", inputs.constructor.name);
    return Array.from(labels, (_, row) => inputs.subarray(row * width, (row + 1) * width));
  });
  return {
    record: { name, sha256, synthetic, ...(notice !== undefined && { notice }) },
    classes,
    shape: inputShape,
    bytes,
    labels: Int32Array.from([...data.train.labels, ...data.test.labels]),
    encodings: byteEncodings(width, bytes, stream.split("encodings")),
  };
}

/** Entropies in bits of the uniform distribution over the images at hand. */
export type ByteFacts = {
  readonly decodesExactly: boolean; // every image
  readonly imageEntropyBits: number; // of whole images: unchanged by any bijection
  readonly labelGivenImageBits: number; // H(label | image)
  readonly byteEntropyBits: number; // of single bytes, pooled over places: not kept, and not meant to be
};

/** `encoded`: the images, in their order. */
export function byteFacts(
  { bytes, labels }: Images,
  encoding: ByteEncoding,
  encoded: readonly Uint8Array[],
): ByteFacts {
  const histogram = new Float64Array(256);
  const kinds = new Map<string, Map<number, number>>();
  let decodesExactly = true;
  for (const [row, image] of encoded.entries()) {
    decodesExactly &&= Buffer.compare(encoding.decode(image), bytes[row] ?? new Uint8Array()) === 0;
    for (let at = 0; at < image.length; at++) histogram[image[at]!]! += 1;
    const text = Buffer.from(image.buffer, image.byteOffset, image.length).toString("latin1");
    const label = labels[row] ?? -1;
    const seen = kinds.get(text) ?? new Map<number, number>();
    seen.set(label, (seen.get(label) ?? 0) + 1);
    kinds.set(text, seen);
  }
  const total = (seen: ReadonlyMap<number, number>): number =>
    [...seen.values()].reduce((sum, count) => sum + count, 0);
  let labelGivenImageBits = 0;
  for (const seen of kinds.values())
    labelGivenImageBits += (total(seen) / bytes.length) * entropyBits([...seen.values()]);
  return {
    decodesExactly,
    imageEntropyBits: entropyBits(Array.from(kinds.values(), total)),
    labelGivenImageBits,
    byteEntropyBits: entropyBits([...histogram]),
  };
}

/** Of a distribution given by counts. Sorted first, so that equal counts in another order give equal bits. */
export function entropyBits(counts: readonly number[]): number {
  const sum = counts.reduce((total, count) => total + count, 0);
  const terms = counts.filter((count) => count > 0).sort((a, b) => a - b);
  return terms.reduce((bits, count) => bits - (count / sum) * Math.log2(count / sum), 0);
}

/** Each byte as a number from 0 to 1. A loop: `Float32Array.from` took a fifth of figure 1's time. */
function fractions(bytes: Uint8Array): Float32Array {
  const numbers = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) numbers[i] = bytes[i]! / 255;
  return numbers;
}

/** The certified probe on the encoded bytes, each a number from 0 to 1. */
export function byteProbe(
  runtime: Runtime,
  { labels, classes }: Images,
  encoding: ByteEncoding,
  encoded: readonly Uint8Array[],
  rows: ImageRows,
  stream: Stream,
  settings: CertifiedPathSettings,
  watch: () => undefined,
): ConvnetProbe {
  const part = <Role extends keyof ImageRows>(role: Role, from: number): LabelledFeatures<Role> => {
    const count = rows[role];
    const writer = runtime.createFeatures({ rows: count, cols: encoding.bytes, name: `${encoding.id}, ${role}` });
    for (let row = 0; row < count; row++) {
      const image = encoded[from + row] ?? reject("images", `there must be ${from + count}`, encoded.length);
      writer.write(row, fractions(image));
    }
    return labelled(role, writer.finish(), labels.slice(from, from + count), classes);
  };
  const train = part("train", 0);
  const validation = part("validation", rows.train);
  const test = part("test", rows.train + rows.validation);
  const release = (): void => [train, validation, test].forEach(({ features }) => features.release());
  try {
    const { probe, cells } = certifiedProbe(runtime, { train, validation }, stream, settings, { watch });
    return { ...cells, testError: evaluateOnTest(runtime, probe, test).error };
  } finally {
    release();
  }
}
