/**
 * @file `node src/cli.ts [--profile paper|quick|smoke] [--results DIR] [--out DIR]`: results → dist/index.html.
 *
 * Flags of the experiments (--seed, --threads, --only …) may stand in the same command line; they are not ours.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ProfileName, profileNames, readPeerRecord, readResults, resultsFolder } from "@linear-probes/bench";
import { InputError, reject, WriteError, writeFileAtomic } from "@linear-probes/core";
import type { FigureDefinition } from "./figure.ts";
import * as figures from "./figures/index.ts";
import { probeOnnx } from "./foreign/probe-onnx.ts";
import { renderPage } from "./page/page.ts";

const distFolder = fileURLToPath(new URL("../dist/", import.meta.url));

/** Builds the page and returns its path. */
export async function report(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<string> {
  const { values } = parseArgs({
    args: [...args],
    options: { profile: { type: "string" }, results: { type: "string" }, out: { type: "string" } },
    strict: false, // what is not ours is for the experiments, which check it
  });
  const profile = profileName(given(values["profile"], "--profile") ?? environment["PROBES_PROFILE"] ?? "paper");
  const root = resolve(given(values["results"], "--results") ?? resultsFolder);
  const peers = readPeerRecord(root);
  const results = readResults(profile, root).map((result) => (peers === undefined ? result : { ...result, peers }));
  if (results.length === 0) {
    reject(
      "results",
      `profile ${profile} must have been run`,
      `none in ${root}`,
      `run \`probes reproduce --profile ${profile}\``,
    );
  }
  const start = performance.now();
  const page = await renderPage(figuresFor(results.map(({ experiment }) => experiment)), results, profile, () => ({
    seconds: (performance.now() - start) / 1000,
    peakRssMiB: process.resourceUsage().maxRSS / 1024,
  }));
  const path = join(resolve(given(values["out"], "--out") ?? distFolder), "index.html");
  writeFileAtomic(path, page.markup);
  for (const { figure, judgements } of page.sections) {
    for (const { claim, verdict } of judgements) log(`${figure.label}  ${verdict.padEnd(34)}${claim.statement}`);
  }
  log(`${path}  ${(page.markup.length / 1024).toFixed(0)} KiB, profile ${profile}`);
  return path;
}

/** The paper's figures, and that of a foreign model where one was probed: alone, when nothing else was run. */
function figuresFor(experiments: readonly string[]): readonly FigureDefinition[] {
  const foreign = experiments.includes(probeOnnx.source) ? [probeOnnx] : [];
  return experiments.length > foreign.length ? [...Object.values(figures), ...foreign] : foreign;
}

function given(value: string | boolean | undefined, flag: string): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  return reject(flag, "needs a value", value);
}

function profileName(name: string): ProfileName {
  return (
    profileNames.find((known) => known === name) ?? reject("profile", `must be one of ${profileNames.join(", ")}`, name)
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await report(process.argv.slice(2), process.env, (line) => process.stdout.write(`${line}\n`));
  } catch (error) {
    if (!(error instanceof InputError || error instanceof WriteError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
