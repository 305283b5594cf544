/**
 * @file What the paper says, as data: a statement in our words, where it stands, a rule fixed in advance over the rows,
 * and how each kind of probe fares under that rule.
 *
 * A claim about probes is judged once per kind of probe. If every kind agrees, that is the verdict; if they disagree,
 * what the paper saw depends on how well its probes were fitted, not only on the network.
 */
import type { Result } from "@linear-probes/bench";

export type Verdict = "reproduced" | "not reproduced" | "depends on the probe's optimality" | "not judged";

/** The outcome of the rule for one kind of probe, with the numbers it was decided on. */
export interface Finding {
  readonly subject: string; // e.g. "RMSProp, raw features"
  readonly holds: boolean;
  readonly measured: string;
}

export interface Claim {
  readonly id: string;
  readonly statement: string;
  readonly place: string; // where it stands
  /** `stated`: in the paper's text or captions. `digitised`: read off a published figure. */
  readonly provenance: "stated" | "digitised" | "not in the paper";
  readonly rule: string; // the predicate in words
  readonly tolerance: string; // why it is as wide as it is
  /** Why this run cannot decide the claim, if so. */
  undecidable?(result: Result): string | undefined;
  /** One finding per subject. */
  judge(result: Result): readonly Finding[];
}

export interface Judgement {
  readonly claim: Claim;
  readonly verdict: Verdict;
  /** Set when there is no verdict. */
  readonly reason?: string;
  readonly findings: readonly Finding[];
}

export function judgeClaim(claim: Claim, result: Result): Judgement {
  const reason = claim.undecidable?.(result);
  if (reason !== undefined) return { claim, verdict: "not judged", reason, findings: [] };
  const findings = claim.judge(result);
  if (findings.length === 0) return { claim, verdict: "not judged", reason: "nothing was measured", findings };
  return { claim, verdict: verdictOf(findings), findings };
}

function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.every((finding) => finding.holds)) return "reproduced";
  return findings.some((finding) => finding.holds) ? "depends on the probe's optimality" : "not reproduced";
}
