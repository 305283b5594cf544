/** @file One figure of the page: drawings, caption, verdicts, numbers, files. */
import type { Result } from "@linear-probes/bench";
import type { ReplayLevel } from "@linear-probes/core";
import { type Judgement, judgeClaim } from "../claim.ts";
import { csv } from "../csv.ts";
import type { FigureDefinition } from "../figure.ts";
import { unbroken } from "../format.ts";
import { html, type Html, scriptJson, trusted } from "../html.ts";
import { claimHtml } from "./claims.ts";
import { drawPanels, type DrawnPanel, firstRow, standaloneGif, standaloneSvg } from "./drawing.ts";
import { tableHtml } from "./table.ts";

export interface FigureSection {
  readonly figure: FigureDefinition;
  readonly result: Result | undefined;
  readonly judgements: readonly Judgement[];
  readonly markup: Html;
}

const replayText: Readonly<Record<ReplayLevel, string>> = {
  "bitwise-anywhere":
    "bitwise anywhere: the same seed gives the same bytes for any number of threads, on any machine that fuses multiply and add (x86-64 since 2013, ARM64)",
  "bitwise-one-machine":
    "bitwise on one machine: the same seed gives the same bytes on the same processor and software",
  tolerance: "within a tolerance: a rerun gives the same numbers up to rounding of the training",
};

/** Verdicts of any profile but `paper` are made under a reduced protocol. */
export function isIndicative(result: Result): boolean {
  return result.run.profile !== "paper";
}

export async function figureSection(
  figure: FigureDefinition,
  result: Result | undefined,
  profile: string,
): Promise<FigureSection> {
  const heading = html`<h2 id="${figure.id}-heading"><span class="label">${figure.label}</span> ${figure.title}</h2>`;
  if (result === undefined) {
    const markup = html`<section class="figure" id="${figure.id}" aria-labelledby="${figure.id}-heading">
      ${heading}
      <p class="missing">Not run in this profile (${profile}).</p>
    </section>`;
    return { figure, result, judgements: [], markup };
  }
  const drawn = await drawPanels(figure.panels(result));
  const judgements = figure.claims.map((claim) => judgeClaim(claim, result));
  const table = figure.table(result);
  const markup = html`<section class="figure" id="${figure.id}" aria-labelledby="${figure.id}-heading">
    ${heading}
    <figure aria-labelledby="${figure.id}-heading">
      ${syntheticBanner(result)}
      <div
        class="panels"
        style="--columns: ${firstRow(drawn.map(({ panel }) => panel))
          .map(({ share }) => `${share}fr`)
          .join(" ")}"
      >
        ${drawn.map((one) => panelHtml(figure, one))}
      </div>
      ${drawn.some(({ panel }) => panel.probes) ? markerKey : undefined}
      <figcaption>
        <p>${unbroken(figure.caption(result))}</p>
        <p>Replay: ${replayText[result.run.replayLevel]}.</p>
      </figcaption>
    </figure>
    ${await downloads(figure, result, drawn)}
    ${
      judgements.length === 0
        ? undefined
        : html`<h3>What the paper says, and what was measured</h3>
            <ul class="claims">
              ${judgements.map((judgement) => claimHtml(judgement, isIndicative(result)))}
            </ul>`
    }
    <details>
      <summary>Table of the numbers drawn (${table.rows.length} rows)</summary>
      ${tableHtml(table, `${figure.label}: the numbers drawn`)}
    </details>
  </section>`;
  return { figure, result, judgements, markup };
}

/** Loud, on every figure whose data is a stand-in or carries a notice. */
function syntheticBanner({ run }: Result): Html | undefined {
  const { dataset } = run;
  if (!dataset.synthetic && dataset.notice === undefined) return undefined;
  const title = dataset.synthetic ? "Synthetic data, not the paper’s." : "About the data.";
  return html`<p class="banner alarm" role="note"><strong>${title}</strong> ${dataset.notice}</p>`;
}

function panelHtml(figure: FigureDefinition, drawn: DrawnPanel): Html {
  const { panel } = drawn;
  const id = `${figure.id}-${panel.id}`;
  const drawing = (size: "wide" | "narrow"): Html =>
    html`<div
        class="drawing ${size}"
        role="img"
        aria-label="${figure.label}, ${panel.title}. ${panel.description}"
        data-spec="${id}-${size}"
      >
        ${trusted(drawn[size].svg)}
      </div>
      <script type="application/json" id="${id}-${size}">
        ${scriptJson(drawn[size].spec)}
      </script>`;
  return html`<div class="panel">
    <h3 class="panel-title">${panel.title}</h3>
    ${drawing("wide")} ${drawing("narrow")}
  </div>`;
}

const markerKey = html`<p class="marker-key">
  <span class="item"
    ><span class="marker filled" aria-hidden="true"></span> certified: proved optimal within tolerance</span
  >
  <span class="item"><span class="marker" aria-hidden="true"></span> no such proof</span>
</p>`;

async function downloads(figure: FigureDefinition, result: Result, drawn: readonly DrawnPanel[]): Promise<Html> {
  const { run } = result;
  const origin =
    `linear-probes, ${figure.id}, profile ${run.profile}, seed ${run.seed}, ` +
    `commit ${run.git?.commit.slice(0, 12) ?? "unknown"}${run.git?.dirty === true ? " (modified)" : ""}`;
  const notes = (probes: boolean): readonly string[] => [
    ...(run.dataset.synthetic ? [`SYNTHETIC DATA, NOT THE PAPER’S. ${run.dataset.notice ?? ""}`] : []),
    ...(probes ? ["Filled marker: certified optimal within tolerance. Hollow: no such proof."] : []),
    origin,
  ];
  const text = (type: string, content: string): string => `${type};charset=utf-8,${encodeURIComponent(content)}`;
  const titled = ({ panel }: DrawnPanel): [string, readonly string[]] => [
    `${figure.label}. ${panel.title}`,
    notes(panel.probes),
  ];
  const files = [
    { name: `${figure.id}.csv`, label: "Numbers (CSV)", data: text("text/csv", csv(figure.table(result))) },
    ...drawn.map((one) => ({
      name: `${figure.id}-${one.panel.id}.svg`,
      label: drawn.length === 1 ? "Drawing (SVG)" : `Drawing: ${one.panel.id} (SVG)`,
      data: text("image/svg+xml", standaloneSvg(one, ...titled(one))),
    })),
  ];
  for (const one of drawn) {
    const gif = await standaloneGif(one.panel, ...titled(one));
    if (gif === undefined) continue;
    const data = `image/gif;base64,${Buffer.from(gif).toString("base64")}`;
    files.push({ name: `${figure.id}.gif`, label: "Film (GIF)", data });
  }
  return html`<p class="downloads">
    ${files.map(({ name, label, data }) => html`<a download="${name}" href="data:${data}">${label}</a> `)}
  </p>`;
}
