/** @file What the comparison with other programs asks of a peer: fit within a budget, time the fit alone, hand back W. */
import type { LinearProbe } from "@linear-probes/core";

/** One problem as files that every program reads. */
export interface ProblemFiles {
  readonly name: string;
  readonly features: string; // .npy, float32 [n, d], the declared scaling applied
  readonly labels: string; // .npy, int32 [n]
  /** The same numbers as LIBSVM text, written when first asked for. */
  readonly svmlight: () => Promise<string>;
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;
}

export interface PeerRequest {
  readonly files: ProblemFiles;
  readonly l2: number;
  /** 1, 2, 3, …: more is more accurate. Iterations, epochs, or half-decades of tolerance; see `budget`. */
  readonly budget: number;
  /** The fit is killed when it takes longer, loading included. */
  readonly limitSeconds: number;
}

interface PeerFit {
  readonly probe: LinearProbe;
  readonly seconds: number; // wall, of the fit alone
  readonly cpuSeconds: number; // of all its threads
  /** It ended by a rule of its own before the budget was used: a larger budget changes nothing. */
  readonly endedEarly: boolean;
}

/** One iterate of a traced run. */
interface PeerPoint {
  readonly budget: number; // with which `fit` gets about here
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly probe: LinearProbe;
}

export interface Peer {
  readonly name: string;
  readonly budget: string; // what one unit is
  /** Why it cannot take this problem; undefined when it can. */
  unsupported(files: ProblemFiles): string | undefined;
  fit(request: PeerRequest): Promise<PeerFit | { readonly failed: string }>;
  /** One run of at most `limitSeconds`, looked at along the way; absent where a peer lets nobody look. */
  trace?(request: Omit<PeerRequest, "budget">): Promise<readonly PeerPoint[] | { readonly failed: string }>;
}
