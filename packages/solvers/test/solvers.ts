/** @file The directory of solvers is the list of solvers: a new file is picked up by every test here. */
import { readdirSync } from "node:fs";
import type { Solver } from "@linear-probes/core";
import * as exported from "../src/index.ts";

export const solverNames = readdirSync(new URL("../src/solvers/", import.meta.url))
  .map((file) => file.replace(/\.ts$/, ""))
  .sort();

const WHITENED = " whitened";

/** Every solver with its default settings, and those that can work on whitened features once more. */
export const contestants = [...solverNames, ...["rmsprop", "sag", "saga", "svrg"].map((name) => name + WHITENED)];

/** The solver of a file as the package exports it, with default settings but for what its name says. */
export function makeSolver(contestant: string): Solver {
  const name = contestant.replace(WHITENED, "");
  const made: unknown = Reflect.get(exported, camelCase(name));
  if (typeof made !== "function") throw new Error(`${name}: the package must export ${camelCase(name)}`);
  return made(name === contestant ? {} : { whitened: true }) as Solver; // oxlint-disable-line typescript/no-unsafe-type-assertion -- every file exports a factory
}

function camelCase(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Solvers, and pairs of solver and problem, that make no claim to a relative gap of 1e-6 within PASSES, each with the
 * reason. Everything else must get there.
 */
export const noClaim: Readonly<Record<string, string>> = {
  rmsprop: "a constant step size ends in noise; it is here as the paper's solver",
  "rmsprop whitened": "a constant step size ends in noise, in any coordinates",
  "gradient-descent/ill-conditioned": "its rate is 1 - 1/condition",
  "saga/one-row-per-class": "a pass of five rows is five short steps",
  "saga/wide": "a pass of twenty rows is twenty short steps",
  "saga whitened/one-row-per-class": "a pass of five rows is five short steps",
  "saga whitened/wide": "a pass of twenty rows is twenty short steps",
};

export const PASSES = 700;
