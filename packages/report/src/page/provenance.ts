/** @file The end of the page: where every number came from and what it cost. */
import type { Result, RunRecord } from "@linear-probes/bench";
import { duration } from "../format.ts";
import { html, type Html, type HtmlValue } from "../html.ts";
import { tableHtml } from "./table.ts";

export function provenanceHtml(results: readonly Result[]): Html {
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
    <h3>Time by phase</h3>
    <p>Wall clock. “Cost” is what a phase takes when nothing is kept; “last run” is what the last run spent on it.</p>
    ${tableHtml(phases(results), "Time by phase")}
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

function phases(results: readonly Result[]) {
  return {
    columns: [
      { key: "experiment", title: "experiment" },
      { key: "phase", title: "phase" },
      { key: "seconds", title: "cost", format: duration },
      { key: "spentSeconds", title: "last run", format: duration },
    ],
    rows: results.flatMap(({ experiment, run }) => run.timings.phases.map((phase) => ({ experiment, ...phase }))),
  };
}
