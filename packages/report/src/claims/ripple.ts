/**
 * @file The ripple of section 3.4: whether errors fall layer by layer from the first to the last, as a rank correlation. One
 * network is filmed and one threshold decides, so what the other thresholds would have said stands beside the verdict.
 */
import type { Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { crossings, probes } from "../points/deep-networks.ts";
import { mean } from "../statistics.ts";

/** Errors whose first crossing is drawn; the middle one is judged. */
export const thresholds = [0.5, 0.3, 0.15] as const;
const judged = thresholds[1];

export function rippleClaim(place: string, firstLayer: number): Claim {
  return {
    id: "ripple",
    statement:
      "The error falls in a ripple, from the first layers to the last: for a layer’s parent before the layer itself.",
    place,
    provenance: "stated",
    rule: `over layers from ${firstLayer} on whose certified probe comes to err at most ${judged}, the rank correlation of depth with the step at which it first does is at least 0.8`,
    tolerance:
      "“During most of the training” leaves room for exceptions; 0.8 is Spearman’s coefficient, 1 for a perfect ripple and " +
      "0 for none. Layers that are good enough before any training all share the first rank. One network is filmed: where the " +
      "coefficient is far from that of other thresholds, another draw of the network might have turned the verdict.",
    undecidable: (result) => {
      const found = crossed(result, judged, firstLayer);
      return found.length >= 8
        ? undefined
        : `only ${found.length} of the layers filmed come to err so little in this run`;
    },
    judge: (result) => {
      const found = crossed(result, judged, firstLayer);
      const correlation = correlationOf(found);
      const [first, last] = [found[0], found.at(-1)];
      const beside = thresholds
        .filter((threshold) => threshold !== judged)
        .map((threshold) => {
          const own = crossed(result, threshold, firstLayer);
          const coefficient = own.length > 1 ? `${correlationOf(own).toFixed(2)} over ${own.length}` : "too few layers";
          return `${coefficient} at an error of ${threshold}`;
        });
      const measured = `correlation ${correlation.toFixed(2)} over ${found.length} layers; layer ${first?.layer} at step ${first?.step}, layer ${last?.layer} at step ${last?.step}; not judged: ${beside.join(", ")}`;
      return [{ subject: "certified optimum, standardised features", holds: correlation >= 0.8, measured }];
    },
  };
}

/** The filmed layers from `firstLayer` on that come to err so little, and when. */
function crossed({ rows }: Result, threshold: number, firstLayer: number) {
  return crossings(probes(rows, "animation"), threshold).filter(({ layer }) => layer >= firstLayer);
}

function correlationOf(found: ReturnType<typeof crossed>): number {
  return rankCorrelation(
    found.map(({ layer }) => layer),
    found.map(({ step }) => step),
  );
}

/** Spearman (1904), ties by mean rank; 0 where one side does not vary. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [ra, rb] = [ranks(a), ranks(b)];
  const [ma, mb] = [mean(ra), mean(rb)];
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const both = sum(ra.map((value, i) => (value - ma) * ((rb[i] ?? mb) - mb)));
  const spread = Math.sqrt(sum(ra.map((value) => (value - ma) ** 2)) * sum(rb.map((value) => (value - mb) ** 2)));
  return spread > 0 ? both / spread : 0;
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}
