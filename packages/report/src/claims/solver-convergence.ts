/** @file What section 4 of Alain & Bengio (2016) hopes of convex solvers. */
import type { Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { significant } from "../format.ts";
import { caseName, isShape, times } from "../points/solver-comparison.ts";

const STOCHASTIC = ["sag", "saga", "svrg"];
const TARGET = 1e-3;

export const claims: readonly Claim[] = [
  {
    id: "stochastic-solvers-beat-rmsprop",
    statement: "Solvers made for convex problems, such as SAG and SVRG, fit probes better than what trains networks.",
    place: "section 4, as a hope: “we have not yet tried those methods”",
    provenance: "stated",
    rule: "on every problem on which one of the two reaches it, each solver’s median passes to a relative suboptimality of 1e-3 are at most those of RMSProp",
    tolerance: "None: a solver that does not arrive counts as never. RMSProp is at its usual settings, not tuned.",
    judge: (result) => contest(result, "rmsprop"),
  },
  {
    id: "stochastic-solvers-beat-lbfgs",
    statement:
      "SAG, SAGA and SVRG are the way to probe large layers: they need fewer passes than the best batch solver.",
    place: "section 4, read strongly",
    provenance: "not in the paper",
    rule: "on every problem on which one of the two reaches it, each solver’s median passes to a relative suboptimality of 1e-3 are at most those of preconditioned L-BFGS",
    tolerance: "None: a solver that does not arrive counts as never.",
    judge: (result) => contest(result, "lbfgs"),
  },
];

/** One finding for all three: what differs between problems has nothing to do with the probe's optimality. */
function contest(result: Result, rival: string) {
  const all = times(result).filter(({ target, problem }) => target === TARGET && !isShape(problem));
  const parts = STOCHASTIC.flatMap((solver) => {
    const met = all
      .filter((time) => time.solver === solver)
      .flatMap((time) => {
        const other = all.find((one) => one.solver === rival && caseName(one) === caseName(time));
        if (other === undefined || (time.passes === null && other.passes === null)) return [];
        return [{ name: caseName(time), own: time.passes ?? Infinity, other: other.passes ?? Infinity }];
      });
    return met.length === 0 ? [] : [{ solver, met, won: met.filter(({ own, other }) => own <= other) }];
  });
  if (parts.length === 0) return [];
  const words = (passes: number): string => (passes === Infinity ? "never" : significant(passes));
  const lists = parts.map(({ solver, met, won }) => {
    const lost = met.filter((one) => !won.includes(one));
    const list = lost.map(({ name, own, other }) => `${name} ${words(own)} against ${words(other)}`).join(", ");
    return `${solver} on ${won.length} of ${met.length}${list === "" ? "" : `, not on ${list}`}`;
  });
  return [
    {
      subject: `${STOCHASTIC.join(", ")} against ${rival}`,
      holds: parts.every(({ met, won }) => won.length === met.length),
      measured: `fewer passes: ${lists.join("; ")}`,
    },
  ];
}
