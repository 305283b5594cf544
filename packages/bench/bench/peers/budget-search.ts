/**
 * @file The least budget at which a peer reaches an accuracy: doubled until it does, then bisected. What a run with a
 * smaller budget did is not credited: the time asked for is that of a fit which was told the right budget beforehand.
 */

export interface Trial {
  readonly suboptimality: number; // relative
  readonly seconds: number;
  readonly endedEarly: boolean;
}

export type SearchResult<T extends Trial = Trial> =
  | { readonly budget: number; readonly trial: T }
  | { readonly budget?: never; readonly reason: string; readonly best: number }; // best: least suboptimality seen

export interface SearchOptions {
  readonly target: number; // relative suboptimality
  /** No run is started that is expected to take longer. */
  readonly limitSeconds: number;
  /** The bisection ends when the bracket is narrower than this fraction of the budget. */
  readonly precision?: number;
}

/** Runs of one peer on one problem by budget; an error message where it failed. Runs are made once and shared. */
export type Trials<T extends Trial = Trial> = (budget: number) => Promise<T | { readonly failed: string }>;

/** Remembers the runs of `run`. */
export function remembered<T extends Trial>(run: Trials<T>): Trials<T> {
  const done = new Map<number, ReturnType<Trials<T>>>();
  return (budget) => {
    const known = done.get(budget) ?? run(budget);
    done.set(budget, known);
    return known;
  };
}

export async function searchBudget<T extends Trial>(run: Trials<T>, options: SearchOptions): Promise<SearchResult<T>> {
  const { target, limitSeconds, precision = 0.1 } = options;
  let [low, best] = [0, Infinity];
  for (let budget = 1; ;) {
    const trial = await run(budget);
    if ("failed" in trial) return { reason: `${trial.failed} at budget ${budget}`, best };
    best = Math.min(best, trial.suboptimality);
    if (trial.suboptimality <= target) return bisect(run, low, { budget, trial }, target, precision);
    if (trial.endedEarly) return { reason: `ended by its own rule before budget ${budget}`, best };
    low = budget;
    // Into the time left, so that what is called out of reach has used nearly all of it.
    const affordable = Math.floor((budget * limitSeconds) / Math.max(trial.seconds, 1e-9));
    const next = Math.min(2 * budget, affordable);
    if (next <= budget * (1 + precision)) return { reason: `not within ${limitSeconds} s`, best };
    budget = next;
  }
}

async function bisect<T extends Trial>(
  run: Trials<T>,
  tooLow: number,
  reached: { readonly budget: number; readonly trial: T },
  target: number,
  precision: number,
): Promise<SearchResult<T>> {
  let low = tooLow;
  let high = reached;
  while (high.budget - low > Math.max(1, precision * low)) {
    const budget = Math.floor((low + high.budget) / 2);
    const trial = await run(budget);
    if ("failed" in trial) return { reason: `${trial.failed} at budget ${budget}`, best: high.trial.suboptimality };
    if (trial.suboptimality <= target) high = { budget, trial };
    else low = budget;
  }
  return high;
}
