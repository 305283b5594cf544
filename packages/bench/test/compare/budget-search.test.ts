import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { remembered, searchBudget, type Trial } from "../../bench/peers/budget-search.ts";

/** A peer whose suboptimality is 1/budget and which takes a second per unit. */
const harmonic = async (budget: number): Promise<Trial> => ({
  suboptimality: 1 / budget,
  seconds: budget,
  endedEarly: false,
});

describe("searchBudget", () => {
  it("finds the least sufficient budget to the precision asked for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), async (need) => {
        const found = await searchBudget(harmonic, { target: 1 / need, limitSeconds: Infinity });
        if (found.budget === undefined) throw new Error(found.reason);
        expect(found.budget).toBeGreaterThanOrEqual(need);
        expect(found.budget).toBeLessThanOrEqual(Math.max(need + 1, Math.ceil(1.1 * need)));
      }),
    );
  });

  it("gives up only after a run that used nearly all of the time allowed", async () => {
    const budgets: number[] = [];
    const run = (budget: number) => {
      budgets.push(budget);
      return harmonic(budget);
    };
    const found = await searchBudget(run, { target: 1e-6, limitSeconds: 100 });
    expect(found).toEqual({ reason: "not within 100 s", best: 0.01 });
    expect(budgets).toEqual([1, 2, 4, 8, 16, 32, 64, 100]);
  });

  it("does not ask for more of a peer that ends by its own rule", async () => {
    const run = async (budget: number) => ({ ...(await harmonic(Math.min(budget, 5))), endedEarly: budget > 5 });
    expect(await searchBudget(run, { target: 1e-3, limitSeconds: 100 })).toEqual({
      reason: "ended by its own rule before budget 8",
      best: 0.2,
    });
  });

  it("reports a failure with the best seen", async () => {
    const run = async (budget: number) => (budget > 2 ? { failed: "killed after 3 s" } : harmonic(budget));
    expect(await searchBudget(run, { target: 1e-3, limitSeconds: 100 })).toEqual({
      reason: "killed after 3 s at budget 4",
      best: 0.5,
    });
  });

  it("shares runs between targets", async () => {
    let count = 0;
    const run = remembered((budget) => {
      count += 1;
      return harmonic(budget);
    });
    await searchBudget(run, { target: 1e-2, limitSeconds: Infinity });
    const first = count;
    await searchBudget(run, { target: 1e-2, limitSeconds: Infinity });
    expect(count).toBe(first);
  });
});
