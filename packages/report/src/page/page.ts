/** @file The whole page: one file that needs nothing else, with or without JavaScript, from a server or from a disk. */
import type { ProfileName, Result } from "@linear-probes/bench";
import type { FigureDefinition } from "../figure.ts";
import { html, type Html, trusted } from "../html.ts";
import { scripts, securityPolicy, styleSheet } from "./assets.ts";
import { type FigureSection, figureSection } from "./figure-section.ts";
import { provenanceHtml, type Rendering } from "./provenance.ts";
import { summaryHtml } from "./summary.ts";

export interface Page {
  readonly markup: string;
  readonly sections: readonly FigureSection[];
}

/** Deterministic: equal results give equal bytes, but for what `rendering` says of the time that the drawings took. */
export async function renderPage(
  figures: readonly FigureDefinition[],
  results: readonly Result[],
  profile: ProfileName,
  rendering?: () => Rendering,
): Promise<Page> {
  const sections: FigureSection[] = [];
  for (const figure of figures) {
    const result = results.find(({ experiment }) => experiment === figure.source);
    sections.push(await figureSection(figure, result, profile));
  }
  const code = scripts();
  const markup = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${securityPolicy(code)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          name="description"
          content="Certified linear classifier probes: a reproduction of Alain and Bengio (2016)."
        />
        <link rel="icon" href="data:," />
        <title>How linearly readable is each layer?</title>
        <style>
          ${trusted(styleSheet())}
        </style>
      </head>
      <body>
        <a class="skip" href="#summary">Skip to the summary</a>
        <header>
          <button id="theme" type="button" hidden>Dark</button>
          <p class="kicker">linear-probes · profile ${profile}</p>
          <h1>How linearly readable is each layer?</h1>
          <p class="subtitle">
            A reproduction, with certified probes, of Alain and Bengio,
            <cite>Understanding intermediate layers using linear classifier probes</cite> (2016),
            <a href="https://arxiv.org/abs/1610.01644v1">arXiv:1610.01644v1</a>
          </p>
          ${nav(sections)}
        </header>
        <main>
          ${summaryHtml(sections, results, profile)} ${legend} ${sections.map(({ markup }) => markup)}
          ${provenanceHtml(results, rendering?.())}
        </main>
        <footer>
          <p>
            Made by <code>npx turbo run reproduce -- --profile ${profile}</code>. Fixed results, no network: this page
            loads nothing.
          </p>
        </footer>
        ${code.map(scriptElement)}
      </body>
    </html> `;
  return { markup: markup.markup, sections };
}

// Not a template: the policy names the hash of every byte between the tags, and formatting would add some.
function scriptElement(script: string): Html {
  return trusted(`<script>${script}</script>\n`);
}

function nav(sections: readonly FigureSection[]): Html {
  return html`<nav aria-label="Contents">
    <ul>
      <li><a href="#summary">In short</a></li>
      <li><a href="#reading">Reading the figures</a></li>
      ${sections.map(({ figure }) => html`<li><a href="#${figure.id}">${figure.label}</a></li>`)}
      <li><a href="#provenance">Provenance</a></li>
    </ul>
  </nav>`;
}

const legend = html`<section id="reading" aria-labelledby="reading-heading">
  <h2 id="reading-heading">Reading the figures</h2>
  <dl>
    <div>
      <dt><span class="marker filled" aria-hidden="true"></span> Filled marker: certified</dt>
      <dd>
        The probe comes with a duality gap, computed in double precision whoever fitted it, that bounds how far its
        penalised loss is above the optimum, and the bound is within the tolerance of its experiment. Where a point is a
        mean, all probes behind it are certified.
      </dd>
    </div>
    <div>
      <dt><span class="marker" aria-hidden="true"></span> Hollow marker: not certified</dt>
      <dd>
        The probe may be good, but nothing proves that a better one does not exist: what the point shows may be the
        solver rather than the layer. The gaps are in the tables.
      </dd>
    </div>
    <div>
      <dt><span class="swatch" aria-hidden="true"></span> In this colour: the paper</dt>
      <dd>Only numbers that the paper states are drawn. Verdicts follow rules fixed before the full runs.</dd>
    </div>
  </dl>
</section>`;
