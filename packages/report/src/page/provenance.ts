/** @file The end of the page: where every number came from and what it cost. */
import type { Result, RunRecord } from "@linear-probes/bench";
import { count, duration } from "../format.ts";
import type { Row } from "@linear-probes/core";
import type { Table } from "../figure.ts";
import { html, type Html, type HtmlValue } from "../html.ts";
import { tableHtml } from "./table.ts";

/** What drawing the page took; measured by who has a clock. */
export interface Rendering {
  readonly seconds: number;
  readonly peakRssMiB: number;
}

export function provenanceHtml(results: readonly Result[], rendering?: Rendering): Html {
  return html`<section id="provenance" aria-labelledby="provenance-heading">
    <h2 id="provenance-heading">Provenance</h2>
    <p>
      Each experiment leaves its rows, and beside them a record of the code, the data and the machine. The figures are
      functions of the rows alone.
    </p>
    <div class="scroll" role="region" tabindex="0" aria-label="Provenance of each experiment">
      <table class="provenance">
        <caption>
          Provenance
        </caption>
        <thead>
          <tr>
            <td></td>
            ${results.map(({ experiment }) => html`<th scope="col">${experiment}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${facts.map(
            ([title, value]) =>
              html`<tr>
                <th scope="row">${title}</th>
                ${results.map(({ run }) => html`<td>${value(run)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <h3 id="time">Where the time went</h3>
    <p>
      Wall clock. What a phase costs when nothing is kept, whenever it was spent; “last run” is what the last run took.
      Deep networks make their activations and fit their probes layer by layer, so that the two are timed together.
      “Other” is starting up, hashing, storing and waiting.
    </p>
    ${tableHtml(costs(results, rendering), "Where the time went")}
  </section>`;
}

const facts: readonly (readonly [string, (run: RunRecord) => HtmlValue])[] = [
  ["profile", (run) => run.profile],
  ["seed", (run) => run.seed],
  ["settings", (run) => html`<code>${JSON.stringify(run.settings, null, 1)}</code>`],
  ["replay level", (run) => run.replayLevel],
  ["dataset", (run) => `${run.dataset.name}${run.dataset.synthetic ? " (synthetic)" : ""}`],
  ["dataset sha256", (run) => hash(run.dataset.sha256)],
  ["rows sha256", (run) => hash(run.rowsSha256)],
  ["git commit", (run) => (run.git === null ? "not a git checkout" : hash(run.git.commit))],
  ["uncommitted changes", (run) => (run.git === null ? "unknown" : run.git.dirty ? "yes" : "no")],
  ["lock file sha256", (run) => hash(run.lockfileSha256)],
  ["packages", (run) => packages(run)],
  ["Node", (run) => run.machine.node],
  ["platform", (run) => run.machine.platform],
  ["processor", (run) => `${run.machine.cpu}, ${run.machine.cores} cores`],
  ["sums of products", (run) => (run.machine.arithmetic === "fused" ? "rounded once (fused)" : "rounded twice")],
  ["memory", (run) => `${(run.machine.memoryMiB / 1024).toFixed(1)} GiB`],
  ["threads", (run) => run.threads],
  ["peak memory used", (run) => `${Math.round(run.timings.peakRssMiB)} MiB`],
  ["cost", (run) => duration(run.timings.costSeconds)],
  ["last run", (run) => duration(run.timings.wallSeconds)],
  ["started", (run) => run.startedAt],
  ["finished", (run) => run.finishedAt],
];

function packages(run: RunRecord): HtmlValue {
  const list = Object.entries(run.packages);
  if (list.length === 0) return "none but Node";
  return html`<details>
    <summary>${list.length} packages</summary>
    ${list.map(([name, version]) => html`<div>${name} ${version}</div>`)}
  </details>`;
}

function hash(hexadecimal: string): Html {
  return html`<code class="hash">${hexadecimal}</code>`;
}

const phases = ["training", "activations", "probes", "activations and probes"] as const;

function costs(results: readonly Result[], rendering: Rendering | undefined): Table {
  const rows = results.map(({ experiment, run: { timings } }): Row => {
    const named = phases.map((name) => {
      const own = timings.phases.filter(({ phase }) => phase === name);
      return [name, own.length === 0 ? null : own.reduce((sum, { seconds }) => sum + seconds, 0)] as const;
    });
    const other = timings.costSeconds - named.reduce((sum, [, seconds]) => sum + (seconds ?? 0), 0);
    return {
      experiment,
      ...Object.fromEntries(named),
      other: Math.max(0, other),
      all: timings.costSeconds,
      last: timings.wallSeconds,
      peak: timings.peakRssMiB,
    };
  });
  const total = (key: string): number | null => {
    const cells = rows.flatMap((row) => (typeof row[key] === "number" ? row[key] : []));
    return cells.length === 0 ? null : cells.reduce((sum, cell) => sum + cell, 0);
  };
  const keys = [...phases, "other", "all", "last"];
  const empty = Object.fromEntries(phases.map((name) => [name, null]));
  const drawing: Row[] =
    rendering === undefined
      ? []
      : [
          {
            experiment: "rendering of this page",
            ...empty,
            other: rendering.seconds,
            all: rendering.seconds,
            last: rendering.seconds,
            peak: rendering.peakRssMiB,
          },
        ];
  const sum: Row = { experiment: "all experiments", ...Object.fromEntries(keys.map((key) => [key, total(key)])) };
  const peak = Math.max(0, ...results.map(({ run }) => run.timings.peakRssMiB));
  return {
    columns: [
      { key: "experiment", title: "experiment" },
      ...keys.map((key) => ({ key, title: key === "last" ? "last run" : key, format: duration })),
      { key: "peak", title: "peak memory (MiB)", format: (value) => count(Math.round(value)) },
    ],
    rows: [...rows, { ...sum, peak }, ...drawing],
  };
}
