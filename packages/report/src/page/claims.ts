/** @file Verdicts, in the summary and beside their figure. */
import type { Judgement, Verdict } from "../claim.ts";
import { unbroken } from "../format.ts";
import { html, type Html } from "../html.ts";

const looks: Readonly<Record<Verdict, { readonly className: string; readonly sign: string }>> = {
  reproduced: { className: "good", sign: "✓" },
  "not reproduced": { className: "bad", sign: "✗" },
  "depends on the probe's optimality": { className: "mixed", sign: "≠" },
  "not judged": { className: "none", sign: "·" },
};

/** The verdict in words and a sign; never in colour alone. `indicative`: from a reduced protocol. */
export function verdictChip(verdict: Verdict, indicative: boolean): Html {
  const { className, sign } = looks[verdict];
  const note = indicative && verdict !== "not judged" ? html` <small>(indicative)</small>` : undefined;
  return html`<span class="verdict ${className}"><span aria-hidden="true">${sign}</span> ${verdict}${note}</span>`;
}

/** All that was measured for one claim, with the rule it was judged by. */
export function claimHtml(judgement: Judgement, indicative: boolean): Html {
  const { claim, verdict, reason, findings } = judgement;
  return html`<li class="claim">
    <p class="statement">${verdictChip(verdict, indicative)} ${unbroken(claim.statement)}</p>
    ${reason === undefined ? undefined : html`<p class="reason">No verdict: ${reason}.</p>`}
    ${
      findings.length === 0
        ? undefined
        : html`<ul class="findings">
            ${findings.map(
              ({ subject, holds, measured }) =>
                html`<li>
                  <span class="holds ${holds ? "good" : "bad"}">${holds ? "✓ holds" : "✗ does not hold"}</span>
                  <span>${subject}: ${measured}</span>
                </li>`,
            )}
          </ul>`
    }
    <p class="rule">
      <b>Rule.</b> ${unbroken(claim.rule)}. <b>Tolerance.</b> ${unbroken(claim.tolerance)}
      <b>Source.</b> ${unbroken(claim.place)} (${claim.provenance}).
    </p>
  </li>`;
}
