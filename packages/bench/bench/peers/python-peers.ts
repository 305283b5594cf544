/** @file scikit-learn's and PyTorch's solvers as peers, each in the float type or types it works in. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readNpy } from "@linear-probes/core";
import { z } from "zod";
import type { Peer } from "./peer.ts";
import type { PythonServer } from "./python-server.ts";

const fitted = z.object({ iterations: z.number(), seconds: z.number(), cpuSeconds: z.number() });

/** scikit-learn's lbfgs converts all features to float64; the others fit float32 as it is, which is faster per pass. */
// The most promising first, since a later one is not run for longer than it takes the best so far.
const VARIANTS = [
  ["sklearn-newton-cholesky", "float32"],
  ["sklearn-newton-cholesky", "float64"],
  ["sklearn-newton-cg", "float32"],
  ["sklearn-lbfgs", "float64"],
  ["sklearn-sag", "float32"],
  ["torch-lbfgs", "float32"],
  ["sklearn-saga", "float32"],
  ["sklearn-newton-cg", "float64"],
  ["torch-lbfgs", "float64"],
  ["sklearn-sag", "float64"],
  ["sklearn-saga", "float64"],
] as const;

const traced = z.object({
  points: z.array(z.object({ budget: z.number(), seconds: z.number(), cpuSeconds: z.number() })),
});

/** For loading the features, which is not timed. */
const LOAD_SECONDS = 60;

export function pythonPeers(server: PythonServer, threads: number, scratch: string): readonly Peer[] {
  const out = join(scratch, "weights.npy");
  return VARIANTS.map(([peer, dtype]): Peer => ({
    name: `${peer} ${dtype}`,
    budget: peer.startsWith("sklearn-sag") ? "epochs" : "iterations",
    unsupported({ classes }) {
      const need = peer === "torch-lbfgs" ? "torch" : "sklearn";
      if (server.versions[need] === undefined) return `${need} is not installed`;
      if (peer === "sklearn-newton-cholesky" && classes > 2)
        return "scikit-learn's newton-cholesky has no multinomial loss";
      return undefined;
    },
    async fit({ files, l2, budget, limitSeconds }) {
      const { features, labels, classes, cols } = files;
      const request = { peer, dtype, features, labels, classes, l2, iterations: budget, seed: 0, threads, out };
      const answer = await server.ask({ do: "fit", ...request }, limitSeconds);
      if ("error" in answer) return { failed: String(answer["error"]) };
      const { iterations, seconds, cpuSeconds } = fitted.parse(answer);
      const theta = Float64Array.from(readNpy(readFileSync(out), out).values, Number);
      const probe = { classes, cols, weights: theta.slice(0, classes * cols), bias: theta.slice(classes * cols) };
      return { probe, seconds, cpuSeconds, endedEarly: iterations < budget };
    },
    ...(peer === "sklearn-newton-cholesky"
      ? {}
      : {
          async trace({ files, l2, limitSeconds }) {
            const { features, labels, classes, cols } = files;
            const request = { peer, dtype, features, labels, classes, l2, limit: limitSeconds, seed: 0, threads, out };
            // An iterate is looked at when it is done: the last may be late by the whole of itself.
            const answer = await server.ask({ do: "trace", ...request }, 2 * limitSeconds + LOAD_SECONDS);
            if ("error" in answer) return { failed: String(answer["error"]) };
            const all = Float64Array.from(readNpy(readFileSync(out), out).values, Number);
            const size = classes * (cols + 1);
            return traced.parse(answer).points.map((point, i) => {
              const theta = all.subarray(i * size, (i + 1) * size);
              return {
                ...point,
                probe: { classes, cols, weights: theta.slice(0, classes * cols), bias: theta.slice(classes * cols) },
              };
            });
          },
        }),
  }));
}
