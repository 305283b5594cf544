/** @file The top of the page: what was asked, the verdict on each claim, what the run cost. */
import type { Result } from "@linear-probes/bench";
import type { Verdict } from "../claim.ts";
import { duration, unbroken } from "../format.ts";
import { html, type Html } from "../html.ts";
import { verdictChip } from "./claims.ts";
import { type FigureSection, isIndicative } from "./figure-section.ts";

export function summaryHtml(sections: readonly FigureSection[], results: readonly Result[], profile: string): Html {
  return html`<section id="summary" aria-labelledby="summary-heading">
    <h2 id="summary-heading">In short</h2>
    <p>
      A linear probe is a softmax classifier trained on the activations of one layer, without touching the network; its
      test error says how linearly readable the classes are at that layer. Alain and Bengio (2016) introduced probes and
      drew conclusions from how the error changes with depth. Training a probe is a convex problem, so it has an optimum
      that can be certified. We repeat the paper’s experiments twice, with probes fitted as the paper fitted them and
      with probes proved optimal, and ask of every claim: is it reproduced, is it not, or does it depend on how well the
      probes were fitted?
    </p>
    <p class="tally">${tally(sections)}</p>
    ${verdictTable(sections)} ${costHtml(results)}
    ${
      profile === "paper"
        ? undefined
        : html`<p class="banner mild" role="note">
            <strong>Profile “${profile}”.</strong> This page was made from a reduced protocol with fewer datasets, rows
            or training steps than the paper’s. Its verdicts are indicative only.
          </p>`
    }
  </section>`;
}

const verdicts: readonly Verdict[] = [
  "reproduced",
  "depends on the probe's optimality",
  "not reproduced",
  "not judged",
];

function tally(sections: readonly FigureSection[]): Html {
  const all = sections.flatMap(({ judgements }) => judgements);
  const counts = verdicts.map((verdict) => [verdict, all.filter((one) => one.verdict === verdict).length] as const);
  const parts = counts.filter(([, count]) => count > 0).map(([verdict, count]) => `${verdict}: ${count}`);
  const missing = sections.filter(({ result }) => result === undefined).map(({ figure }) => figure.label);
  return html`<strong
      >${all.length} claims. ${parts.length === 0 ? "None judged" : sentenceCase(parts.join(", "))}.</strong
    >${missing.length === 0 ? undefined : ` Not run in this profile: ${missing.join(", ")}.`}`;
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function verdictTable(sections: readonly FigureSection[]): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="Verdicts">
    <table class="verdicts">
      <caption>
        Verdicts
      </caption>
      <thead>
        <tr>
          <th scope="col">Claim</th>
          <th scope="col">Verdict</th>
        </tr>
      </thead>
      ${sections.map(
        ({ figure, result, judgements }) =>
          html`<tbody>
            <tr>
              <th scope="rowgroup" colspan="2"><a href="#${figure.id}">${figure.label}. ${figure.title}</a></th>
            </tr>
            ${
              result === undefined
                ? html`<tr>
                    <td colspan="2">Not run in this profile.</td>
                  </tr>`
                : undefined
            }
            ${judgements.map(
              ({ claim, verdict }) =>
                html`<tr>
                  <td>${unbroken(claim.statement)}</td>
                  <td>${verdictChip(verdict, result !== undefined && isIndicative(result))}</td>
                </tr>`,
            )}
          </tbody>`,
      )}
    </table>
  </div>`;
}

function costHtml(results: readonly Result[]): Html | undefined {
  const machine = results[0]?.run.machine;
  if (machine === undefined) return undefined;
  const runs = results.map(({ run }) => run);
  const total = runs.reduce((sum, { timings }) => sum + timings.costSeconds, 0);
  const spent = runs.reduce((sum, { timings }) => sum + timings.wallSeconds, 0);
  const peak = Math.max(...runs.map(({ timings }) => timings.peakRssMiB));
  const kept = spent < 0.99 * total;
  const share = kept
    ? `of which ${duration(spent)} in the last run, the rest kept from earlier ones`
    : "all in the last run";
  const threads = [...new Set(runs.map((run) => run.threads))].join(" and ");
  return html`<p class="cost">
    <strong>Cost.</strong> ${duration(total)} of wall-clock time, ${share}, and at most ${(peak / 1024).toFixed(1)} GiB
    of memory; ${machine.cpu}, ${machine.cores} cores, ${threads} threads. <a href="#time">Where it went, below.</a>
  </p>`;
}
