/** @file What the page must hold, read from its markup; what a browser makes of it is in browser.test.ts. */
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import * as registry from "../src/figures/index.ts";
import { renderPage } from "../src/page/page.ts";
import { fig03Result, fig05Result } from "./fixtures/rows.ts";

const figures = Object.values(registry);
const drawn = [registry.fig03UntrainedDepth, registry.fig05MnistConvnet];
const notice = "Made from synthetic digits, not from MNIST.";
const synthetic = { name: "synthetic-digits", sha256: "1".repeat(64), synthetic: true, notice };

/** The markup without the inlined scripts. */
function body(markup: string): string {
  return markup.replaceAll(/<script>.*?<\/script>/gs, "");
}

describe("with both results", () => {
  let markup = "";
  beforeAll(async () => {
    markup = (await renderPage(figures, [fig03Result(), fig05Result()], "paper")).markup;
  });

  test("equal results give equal bytes", async () => {
    expect((await renderPage(figures, [fig03Result(), fig05Result()], "paper")).markup).toBe(markup);
  });

  test("ids are unique, and every reference to one has its target", () => {
    const ids = [...body(markup).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id ?? "");
    expect(ids.length).toBeGreaterThan(10);
    expect(new Set(ids).size).toBe(ids.length);
    const references = /\s(?:href="#|aria-labelledby="|data-spec=")([^"]+)"/g;
    for (const [, id] of body(markup).matchAll(references)) expect(ids).toContain(id);
  });

  test("each figure has drawings, a caption with its replay level, verdicts, a table and files", () => {
    for (const figure of drawn) {
      const section = new RegExp(`<section class="figure" id="${figure.id}".*?</section>`, "s").exec(markup)?.[0] ?? "";
      expect(section.match(/<svg/g)?.length).toBe(4); // two panels, wide and narrow
      expect(section).toMatch(/<figcaption>.*Replay: bitwise/s);
      expect(section.match(/class="verdict /g)?.length).toBe(figure.claims.length);
      expect(section).toContain("<summary>");
      expect(section).toContain('href="data:text/csv;charset=utf-8,');
      expect(section.match(/href="data:image\/svg\+xml;charset=utf-8,/g)?.length).toBe(2);
    }
  });

  test("says where the time of every experiment went, what all took together, and the drawing too where it is measured", async () => {
    const results = [fig03Result(), fig05Result()];
    const timed = await renderPage(figures, results, "paper", () => ({ seconds: 12.5, peakRssMiB: 300 }));
    const rowOf = (page: string, name: string): string[] => {
      const row = new RegExp(`<td class="text">${name}</td>(.*?)</tr>`, "s").exec(page)?.[1] ?? "";
      return [...row.matchAll(/<td class="number">\s*([^<]*?)\s*<\/td>/g)].map(([, cell]) =>
        (cell ?? "").replaceAll("\u00a0", " "),
      );
    };
    const own = ["–", "–", "4 min 58 s", "–", "2.5 s", "5 min 0 s", "1 min 43 s", "1,235"];
    expect(rowOf(timed.markup, "fig05-mnist-convnet")).toEqual(own);
    expect(rowOf(timed.markup, "all experiments").slice(-3)).toEqual(["10 min 0 s", "3 min 25 s", "1,235"]);
    expect(rowOf(timed.markup, "rendering of this page").slice(-2)).toEqual(["12.5 s", "300"]);
    expect(markup).not.toContain("rendering of this page");
  });

  test("nothing can be loaded, and only these scripts may run", () => {
    const policy =
      /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(markup)?.[1]?.replaceAll("&#39;", "'") ?? "";
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(policy).not.toContain("http");
    const scripts = [...markup.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script]) => script ?? "");
    expect(scripts.length).toBe(4);
    for (const script of scripts) {
      expect(policy).toContain(`'sha256-${createHash("sha256").update(script).digest("base64")}'`);
    }
    expect(body(markup)).not.toMatch(/\ssrc=|<link(?![^>]*href="data:,")|@import|url\(/);
  });

  test("provenance names commit, data, lock file, machine, cost and memory", () => {
    const provenance = /<section id="provenance".*?<\/section>/s.exec(markup)?.[0] ?? "";
    for (const fact of [
      "2".repeat(40),
      "1".repeat(64),
      "3".repeat(64),
      "Invented CPU",
      "v24.0.0",
      "1235 MiB",
      "5\u00a0min\u00a00\u00a0s",
    ]) {
      expect(provenance).toContain(fact);
    }
  });

  test("a downloaded drawing stands alone: no variables, its title, its origin", () => {
    const [, encoded] = /href="data:image\/svg\+xml;charset=utf-8,([^"]+)"/.exec(markup) ?? [];
    const svg = decodeURIComponent(encoded ?? "");
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).not.toContain("var(--");
    expect(svg).toContain("<title>Figure 3. Probe test error");
    expect(svg).toContain("commit 222222222222");
  });
});

test("figures without rows say so, and reduced profiles are only indicative", async () => {
  const { markup } = await renderPage(figures, [fig03Result({ profile: "quick" })], "quick");
  expect(markup).toMatch(/id="fig05-mnist-convnet".*?Not run in this profile \(quick\)/s);
  expect(markup).toMatch(/Profile “quick”/);
  expect(markup).toContain("reproduced <small>(indicative)</small>");
});

test("synthetic data is announced on its figure and in its files, and only there", async () => {
  const { markup } = await renderPage(figures, [fig03Result(), fig05Result({ dataset: synthetic })], "paper");
  const [before, after] = markup.split('id="fig05-mnist-convnet"');
  expect(before).not.toContain("banner alarm");
  expect(after?.match(/class="banner alarm"/g)?.length).toBe(1);
  expect(after).toContain(notice);
  expect(after?.match(/SYNTHETIC%20DATA/g)?.length).toBe(2);
});

test("text from rows and records cannot become markup", async () => {
  const evil = '<img src=x onerror="alert(1)"></script>';
  const result = fig05Result({ dataset: { ...synthetic, name: evil, notice: evil }, seed: evil });
  const rows = result.rows.map((row) => (row["tap"] === "logits" ? { ...row, tap: evil } : row));
  const { markup } = await renderPage(figures, [{ ...result, rows }], "paper");
  expect(body(markup).includes("<img")).toBe(false);
  expect(body(markup).includes('")</script>')).toBe(false);
  expect(body(markup)).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
});
