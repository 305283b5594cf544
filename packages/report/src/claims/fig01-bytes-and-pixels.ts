/** @file What the paper says with figure 1 (Alain & Bengio 2016, sections 2.2 and 3). */
import type { Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { percent, significant } from "../format.ts";
import { settingOf } from "../settings.ts";
import { type EncodingPoint, encodings, hexLines, mixing, pixels } from "../points/fig01-bytes-and-pixels.ts";

const place = "section 2.2 and caption of figure 1";

export const claims: readonly Claim[] = [
  {
    id: "hex-dump-holds-more",
    statement: "The hex dump has more information contents than the picture.",
    place: "caption of figure 1",
    provenance: "stated",
    rule: "at least one byte of the hex dump cannot be read off the pixels",
    tolerance:
      "None: bytes and pixels are one string read in two ways. (The paper’s own picture may be a reduced copy of its " +
      "file, and then holds less; ours shows every byte.)",
    judge: ({ rows }) => {
      const dump = hexLines(rows).flatMap(({ bytes }) => bytes.split(" ").map((byte) => Number.parseInt(byte, 16)));
      const seen = pixels(rows).map(({ value }) => value);
      if (dump.length === 0) return [];
      const missing = dump.filter((byte, at) => byte !== seen[at]).length;
      const measured = `${missing} of ${dump.length} bytes are not in the picture`;
      return [{ subject: "the image shown", holds: missing > 0, measured }];
    },
  },
  {
    id: "same-information",
    statement: "How an image is written changes nothing about how much it says of its label.",
    place: "section 2.1: entropy “does not depend on the particular representation”",
    provenance: "stated",
    rule: "every encoding decodes to the very same bytes for every image, and H(image) and H(label | image) differ from those of the pixels by at most 1e-9 bits",
    tolerance: "1e-9 bits are rounding. That f is a bijection is checked image by image, not assumed.",
    judge: ({ rows }) => {
      const [first, ...others] = encodings(rows);
      if (first === undefined || others.length === 0) return [];
      const lossy = others.filter(({ decodesExactly }) => !decodesExactly).map(({ label }) => label);
      const differs = Math.max(...others.map((point) => entropyDifference(point, first)));
      return [
        {
          subject: `${others.length} encodings`,
          holds: lossy.length === 0 && differs <= 1e-9,
          measured:
            `${lossy.length === 0 ? "every image comes back exactly" : `not undone: ${lossy.join(", ")}`}; entropies ` +
            `differ by at most ${significant(differs)} bits from ${first.imageEntropyBits.toFixed(3)} and ` +
            first.labelGivenImageBits.toFixed(3),
        },
      ];
    },
  },
  {
    id: "convenience-matters",
    statement:
      "Computational convenience matters, not just entropy: the same bits can be useless to a linear classifier.",
    place,
    provenance: "stated",
    rule: "test error at most 0.15 on the pixels and at least 0.85 after the most rounds of mixing",
    tolerance:
      "Always answering the most frequent of ten digits errs on 0.887 of MNIST’s test set; 0.85 is within sampling and a little luck of it.",
    undecidable: tooFew,
    judge: ({ rows }) => {
      const chain = mixing(encodings(rows));
      const [first, last] = [chain[0], chain.at(-1)];
      if (first === undefined || last === undefined) return [];
      return [
        {
          subject: "certified optimum, l2 chosen on validation",
          holds: first.testError <= 0.15 && last.testError >= 0.85,
          measured: `${percent(first.testError)} on the pixels, ${percent(last.testError)} after ${last.label}`,
        },
      ];
    },
  },
  {
    id: "order-does-not-matter",
    statement: "A probe does not care in which order the pixels stand (a check that any correct probe must pass).",
    place: "definition of the probe, section 3.1",
    provenance: "not in the paper",
    rule: "training error on permuted pixels within 0.002 of that on the pixels",
    tolerance: "The two problems are one up to the names of the features; solvers stop at a gap, not at the optimum.",
    judge: ({ rows }) => {
      const all = encodings(rows);
      const [pixels, permuted] = ["pixels", "permutation"].map((id) => all.find(({ encoding }) => encoding === id));
      if (pixels === undefined || permuted === undefined) return [];
      return [
        {
          subject: "certified optimum, l2 chosen on validation",
          holds: Math.abs(pixels.trainError - permuted.trainError) <= 0.002,
          measured: `${percent(pixels.trainError)} and ${percent(permuted.trainError)}`,
        },
      ];
    },
  },
];

function entropyDifference(a: EncodingPoint, b: EncodingPoint): number {
  const image = Math.abs(a.imageEntropyBits - b.imageEntropyBits);
  return Math.max(image, Math.abs(a.labelGivenImageBits - b.labelGivenImageBits));
}

function tooFew({ run }: Result): string | undefined {
  const images = settingOf(run.settings, "rows.train") ?? 0;
  return images >= 5000 ? undefined : `this run has ${images} training images; too few to read digits well`;
}
