/**
 * @file The only solver loop: init, step, record, judge, stop. A solver never learns when it will be stopped, and what
 * judging costs is counted apart. Certificates are dear (one float64 pass), so they are made where the schedule asks,
 * where the solver's own gradient says that a gap rule may be satisfied, and once at the end.
 */
import type { Certificate } from "./certificate.ts";
import { CERTIFICATE_PASSES, certify } from "./certify.ts";
import { checkProbe, checkProblem } from "./check-problem.ts";
import { createDerived, createOracle, type BoundOracle, type Derived } from "./create-oracle.ts";
import { reject } from "./errors.ts";
import { validationScorer } from "./evaluate.ts";
import type { Runtime } from "./kernels/kernels.ts";
import type { Coordinates } from "./oracle.ts";
import type { LabelledFeatures, LinearProbe, ProbeProblem } from "./problem.ts";
import type { Iterate, Solver } from "./solver.ts";
import type { Product, Staged } from "./staged.ts";
import { bestValidation, type StoppingRule, type Verdict } from "./stopping.ts";
import type { Stream } from "./stream.ts";

/** How a fit ended. Expected outcomes are data. */
export type Status =
  | "converged" // the certified gap reached the tolerance
  | "early-stopped" // the validation error stopped improving
  | "pass-budget" // passes or steps ran out
  | "time-budget" // the caller's deadline passed
  | "stalled" // the solver says it can make no further progress
  | "diverged" // not a finite objective
  | "interrupted" // the caller asked
  | "unsupported"; // the solver cannot run on such a problem

export interface TracePoint {
  readonly step: number;
  readonly passes: number;
  readonly rowGradients: number;
  readonly certificate?: Certificate;
  readonly validationError?: number; // fraction
  readonly validationLoss?: number; // nats
}

export interface FitResult {
  readonly solver: string;
  readonly settings: Solver["settings"];
  readonly status: Status;
  readonly reason: string; // one sentence
  readonly probe: LinearProbe;
  readonly certificate: Certificate;
  readonly passes: number; // used by the solver
  readonly certificatePasses: number; // used by the judge
  readonly steps: number;
  /** The step of the iterate returned: less than `steps` when early stopping restored it. */
  readonly chosenStep: number;
  readonly trace: readonly TracePoint[];
}

export interface FitOptions {
  readonly stream: Stream;
  /** The first rule with something to say ends the fit. */
  readonly stop: readonly StoppingRule[];
  /** A warm start; default zero. */
  readonly start?: LinearProbe;
  /** The start may be all that the rules want: it is certified before the solver's first look, which costs a pass. */
  readonly judgeStart?: boolean;
  readonly validation?: LabelledFeatures<"validation">;
  /** Where to certify and evaluate for the trace. Default: nowhere but where a rule needs it. */
  readonly record?: (step: number, passes: number) => boolean;
  readonly hooks?: FitHooks;
  /** Shared by fits that differ in nothing but l2 (create-oracle.ts); default: made and freed with this fit. */
  readonly derived?: Derived;
}

/** The caller's clock and ears; core has none. */
export interface FitHooks {
  /** Called before every step: a deadline or an abort. */
  readonly watch?: () => Verdict | undefined;
  /** Wraps the change of variables, init and every step, and nothing of the judging: for timing a solver alone. */
  readonly around?: <T>(work: () => T) => T;
  /** Called at every point of the trace. `probe` makes the probe as it stands there, and is for use within the call. */
  readonly observe?: (point: TracePoint, probe: () => LinearProbe) => void;
}

/** Runs `solver` on the training rows until a rule says stop. */
export function fit<State extends Iterate>(
  runtime: Runtime,
  problem: ProbeProblem,
  solver: Solver<State>,
  options: FitOptions,
): FitResult {
  checkProblem(problem);
  if (options.start !== undefined) checkProbe(options.start, problem.train);
  const derived = options.derived ?? createDerived();
  try {
    const result = run(runtime, problem, solver, options, derived, false).next();
    return result.done === true ? result.value : reject("fit", "must not wait for products", "one");
  } finally {
    if (options.derived === undefined) derived.release();
  }
}

interface Opened {
  readonly oracle: BoundOracle;
  readonly start: Float64Array;
}

/** A product that a run waits for, and whose it is. */
export interface Waiting {
  readonly oracle: BoundOracle;
  readonly product: Product;
}

/** The loop. With `share` it stops at the products of staged solvers, and is resumed with what came of them. */
export function* run<State extends Iterate>(
  runtime: Runtime,
  problem: ProbeProblem,
  solver: Solver<State>,
  options: FitOptions,
  derived: Derived,
  share: boolean,
): Generator<Waiting, FitResult, number> {
  const { around = <T>(work: () => T): T => work(), watch } = options.hooks ?? {};
  const { features, classes } = problem.train;
  const excuse = solver.unsupported?.({ rows: features.rows, cols: features.cols, classes, l2: problem.l2 });
  const open = (coordinates: Coordinates = "centred"): Opened => {
    const oracle = createOracle(runtime, problem, coordinates, derived);
    const start = options.start === undefined ? new Float64Array(oracle.dimension) : oracle.fromProbe(options.start);
    return { oracle, start };
  };
  if (excuse !== undefined) {
    const { oracle, start } = open();
    return createJudge(runtime, problem, oracle, options).result(
      solver,
      { status: "unsupported", reason: excuse },
      start,
    );
  }
  // What a change of variables costs is the solver's, like the first look at the problem.
  const stages = share ? solver.stages : undefined;
  let early: (Opened & { readonly judge: ReturnType<typeof createJudge> }) | undefined;
  if (options.judgeStart === true) {
    const opened = around(() => open(solver.coordinates));
    early = { ...opened, judge: createJudge(runtime, problem, opened.oracle, options) };
    const verdict = early.judge.settled(opened.start);
    if (verdict !== undefined) return early.judge.result(solver, verdict, opened.start);
  }
  const { oracle, start, first } = around(() => {
    const opened = early ?? open(solver.coordinates);
    const init = (): State => solver.init(opened.oracle, opened.start.slice(), options.stream);
    if (stages) return { ...opened, first: init };
    const made = init();
    return { ...opened, first: () => made };
  });
  const judge = early?.judge ?? createJudge(runtime, problem, oracle, options);
  let state = stages ? yield* lend(oracle, stages.init(oracle, start.slice(), options.stream)) : first();
  let finite = start;
  try {
    const finish = (verdict: Verdict, last: Float64Array): FitResult => judge.result(solver, verdict, last);
    for (let step = 0; ; step++) {
      if (!isFinite(state)) return finish({ status: "diverged", reason: `Not finite after step ${step}.` }, finite);
      finite = state.theta;
      const verdict = judge.look(step, state) ?? watch?.();
      if (verdict !== undefined) return finish(verdict, state.theta);
      if (state.stalled !== undefined) return finish({ status: "stalled", reason: state.stalled }, state.theta);
      state = stages ? yield* lend(oracle, stages.step(oracle, state)) : around(() => solver.step(oracle, state));
    }
  } finally {
    solver.release?.(oracle, state);
  }
}

function* lend<T>(oracle: BoundOracle, steps: Staged<T>): Generator<Waiting, T, number> {
  let reached = steps.next();
  while (reached.done !== true) reached = steps.next(yield { oracle, product: reached.value });
  return reached.value;
}

function isFinite({ objective, theta }: Iterate): boolean {
  if (!Number.isFinite(objective ?? 0)) return false;
  for (let at = 0; at < theta.length; at++) if (!Number.isFinite(theta[at]!)) return false;
  return true;
}

/**
 * How many times the solver's own gap a certified one is taken to be: before the first certificate this, and after one
 * that disappointed what it was there. A certificate takes as long as one or two steps.
 */
const FIRST_RATIO = 1.25;

/** Whatever that ratio, once the solver's own gap has fallen by this factor another certificate is made. */
const BACK_OFF = 0.5;

/** Without gradients to go by, certificates are made at steps this factor of passes apart. */
const BLIND_FACTOR = 1.25;

function createJudge(runtime: Runtime, problem: ProbeProblem, oracle: BoundOracle, options: FitOptions) {
  const { stop, validation, record, hooks } = options;
  const restoresBest = stop.some((rule) => rule.restoresBest);
  if (restoresBest && validation === undefined) {
    reject("early stopping", "needs validation rows", validation, "pass `validation`");
  }
  const score = validation === undefined ? undefined : validationScorer(runtime, validation);
  const trace: TracePoint[] = [];
  let certificatePasses = 0;
  let best: Float64Array | undefined;
  let latest: { theta: Float64Array; certificate: Certificate } | undefined;
  let failedGuess = Infinity; // the solver's own gap when a certificate last disappointed
  let ratio = FIRST_RATIO; // of certified gaps to the solver's own
  let nextBlind = 0; // passes

  const certificateOf = (theta: Float64Array): Certificate => {
    if (latest?.theta === theta) return latest.certificate;
    certificatePasses += CERTIFICATE_PASSES;
    const certificate = certify(oracle.kernels, problem, oracle.toProbe(theta));
    latest = { theta, certificate };
    return certificate;
  };

  /** Certifies when a gap rule might be satisfied. */
  const promising = ({ gradient, objective }: Iterate): boolean => {
    const rules = stop.filter((rule) => rule.gapTolerance !== undefined);
    if (rules.length === 0) return false;
    if (gradient === undefined || objective === undefined) return oracle.passes >= nextBlind;
    const guess = gapGuess(gradient, oracle);
    const fallen = failedGuess < Infinity && guess <= BACK_OFF * failedGuess;
    return rules.some((rule) => (fallen ? guess : ratio * guess) <= (rule.gapTolerance?.(objective) ?? 0));
  };

  /** What the first rule with something to say says. */
  const ask = (points: readonly TracePoint[]): Verdict | undefined => {
    for (const rule of stop) {
      const verdict = rule.check(points);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  };

  return {
    /** Asks the rules about the start, which is recorded if that ends the fit. */
    settled(theta: Float64Array): Verdict | undefined {
      const point: TracePoint = { step: 0, passes: 0, rowGradients: 0, certificate: certificateOf(theta) };
      const verdict = ask([point]);
      if (verdict !== undefined) trace.push(point);
      return verdict;
    },

    /** Records the iterate and asks the rules. */
    look(step: number, iterate: Iterate): Verdict | undefined {
      const { theta, gradient } = iterate;
      const asked = record?.(step, oracle.passes) ?? false;
      // A solver that can do no more may be where the rules want it.
      const certified = asked || iterate.stalled !== undefined || promising(iterate);
      const certificate = certified ? certificateOf(theta) : undefined;
      const scores = restoresBest || asked ? score?.(oracle.toProbe(theta)) : undefined;
      const point: TracePoint = {
        step,
        passes: oracle.passes,
        rowGradients: oracle.rowGradients,
        ...(certificate && { certificate }),
        ...(scores && { validationError: scores.error, validationLoss: scores.loss }),
      };
      trace.push(point);
      if (restoresBest && bestValidation(trace) === trace.length - 1) best = theta;
      hooks?.observe?.(point, () => oracle.toProbe(theta));
      const verdict = ask(trace);
      if (verdict !== undefined) return verdict;
      if (certified) {
        if (gradient !== undefined && certificate !== undefined) {
          failedGuess = gapGuess(gradient, oracle);
          ratio = Math.max(1, certificate.dualityGap / failedGuess);
        }
        nextBlind = oracle.passes * BLIND_FACTOR;
      }
      return undefined;
    },

    result(solver: Pick<Solver, "name" | "settings">, verdict: Verdict, last: Float64Array): FitResult {
      const theta = best ?? last;
      const chosen = best === undefined ? trace.length - 1 : bestValidation(trace);
      return {
        solver: solver.name,
        settings: solver.settings,
        ...verdict,
        probe: oracle.toProbe(theta),
        certificate: certificateOf(theta),
        passes: oracle.passes,
        certificatePasses,
        steps: Math.max(0, trace.length - 1),
        chosenStep: Math.max(0, chosen),
        trace,
      };
    },
  };
}

/** ‖∇_W F‖²/(2·l2), the duality gap were the bias solved, and about what solving it would gain. */
function gapGuess(gradient: Float64Array, { classes, cols, l2 }: BoundOracle): number {
  let weights = 0;
  let bias = 0;
  for (let at = 0; at < classes * cols; at++) weights += gradient[at]! * gradient[at]!;
  for (let at = classes * cols; at < gradient.length; at++) bias += gradient[at]! * gradient[at]!;
  return weights / (2 * l2) + classes * bias; // class covariances have eigenvalues of about 1/k
}
