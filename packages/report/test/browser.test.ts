/**
 * @file The page in a real browser, opened from a file: no request, no error, nothing wider than the window, on a desk
 * and on a telephone, light and dark, with and without JavaScript; and the page of a model that was probed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { report } from "../src/cli.ts";
import * as registry from "../src/figures/index.ts";
import { renderPage } from "../src/page/page.ts";
import { textWidth } from "../src/text-width.ts";
import { fontFamily } from "../src/theme.ts";
import { fig03Result, fig05Result } from "./fixtures/rows.ts";

const executablePath = process.env["PROBES_CHROMIUM"] ?? "/usr/bin/chromium";
const reason = existsSync(executablePath) ? "" : ` (skipped: no browser at ${executablePath}; set PROBES_CHROMIUM)`;

const desk = { width: 1280, height: 900 };
const telephone = { width: 390, height: 844 };

describe.skipIf(reason !== "")(`in Chromium${reason}`, { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "report-browser-"));
  const file = join(folder, "index.html");
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, (await renderPage(Object.values(registry), [fig03Result(), fig05Result()], "paper")).markup);
    const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];
    browser = await chromium.launch({ executablePath, args });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the page, brings every figure into view, and returns what was asked of the network and what went wrong. */
  async function open(options: BrowserContextOptions, path = file) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(path).href);
    return { context, page, requests, complaints };
  }

  /** Whether what the page names first, or a twin of it, is there; without, text is wider than the layout took it to be. */
  async function hasNamedFont(): Promise<boolean> {
    const { context, page } = await open({ viewport: desk });
    const text = "Hamburgefonstiv";
    const width = await page.evaluate<number>(`(() => {
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = '100px ${fontFamily}';
      return pen.measureText("${text}").width;
    })()`);
    await context.close();
    return Math.abs(width / textWidth(text, 100) - 1) < 0.01;
  }

  async function visitFigures(page: Page): Promise<void> {
    for (const drawing of await page.locator(".drawing:visible").all()) await drawing.scrollIntoViewIfNeeded();
  }

  /** The drawings that this window shows are live. */
  const enlivened = (page: Page, drawings = 4) =>
    expect.poll(() => page.locator('.drawing[data-live="true"]').count()).toBe(drawings);

  const overflow = (page: Page): Promise<number> =>
    page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

  const cases = [desk, telephone].flatMap((viewport) =>
    (["light", "dark"] as const).map((colorScheme) => ({ viewport, colorScheme, width: viewport.width })),
  );

  test.each(cases)(
    "$width px, $colorScheme: figures come alive and nothing is wrong",
    async ({ viewport, colorScheme }) => {
      const { context, page, requests, complaints } = await open({ viewport, colorScheme });
      await visitFigures(page);
      await enlivened(page);
      const figures = page.locator("figure");
      expect(await figures.count()).toBe(2);
      for (const figure of await figures.all()) {
        expect(await figure.locator("figcaption").isVisible()).toBe(true);
        expect(await figure.locator(".drawing:visible svg").count()).toBe(2);
        const boxes = await Promise.all(
          (await figure.locator(".drawing:visible svg").all()).map((svg) => svg.boundingBox()),
        );
        for (const box of boxes) expect(box?.width).toBeGreaterThan(300);
      }
      expect(await overflow(page)).toBe(0);
      expect(await smallestText(page)).toBeGreaterThanOrEqual(10);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([pathToFileURL(file).href]);
      await context.close();
    },
  );

  describe("a model that was probed", () => {
    let page: string;

    beforeAll(async () => {
      const cli = fileURLToPath(new URL("cli.ts", import.meta.resolve("@linear-probes/bench")));
      const probes = (...args: readonly string[]): void => {
        const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
        expect(status, stderr).toBe(0);
      };
      const models = ["1", "2"].map((seed) => {
        probes("export", "deep-mlp", "--depth", "4", "--width", "8", "--seed", seed, "--out", `step-${seed}.onnx`);
        return `step-${seed}.onnx`;
      });
      const rows = ["--data", "synthetic-digits", "--rows", "200", "--test-rows", "100", "--l2", "1e-3"];
      probes("probe", ...models, ...rows, "--controls", "--cold", "--store", "store", "--out", "probed");
      page = await report(["--results", join(folder, "probed"), "--out", join(folder, "page")], {}, () => {});
    }, 120_000);

    test.each(cases)("$width px, $colorScheme: nothing is wrong, and axes and kinds have their names", async (one) => {
      const { context, page: shown, requests, complaints } = await open(one, page);
      await visitFigures(shown);
      await enlivened(shown, 2);
      const drawings = shown.locator(".drawing:visible svg");
      const words = await Promise.all(
        (await drawings.all()).map((svg) => svg.locator("text:visible").allTextContents()),
      );
      const axis = one.width < 600 ? "test error" : "tap, in depth order";
      const kinds = ["the model", "the same graph with random weights", "the model, random labels (control task)"];
      expect(words).toEqual([
        expect.arrayContaining([axis, "layer_0", ...kinds]),
        expect.arrayContaining([axis, "layer_0"]),
      ]);
      expect(await beyondFrames(shown)).toEqual([]);
      expect(await overflow(shown)).toBe(0);
      expect(await smallestText(shown)).toBeGreaterThanOrEqual(10);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([pathToFileURL(page).href]);
      await context.close();
    });
  });

  test.each([desk, telephone])("$width px without JavaScript: everything is there", async (viewport) => {
    const { context, page, requests } = await open({ viewport, javaScriptEnabled: false });
    expect(await page.locator(".drawing:visible svg").count()).toBe(4);
    expect(await page.locator("figcaption:visible").count()).toBe(2);
    expect(await page.locator("#theme").isVisible()).toBe(false);
    await page.locator("summary").first().click();
    expect(await page.locator("details table:visible tbody tr").count()).toBe(99);
    expect(requests).toEqual([pathToFileURL(file).href]);
    await context.close();
  });

  test("coming alive does not move anything: text is measured alike with and without a canvas", async ({ skip }) => {
    skip(!(await hasNamedFont()), "no font with the metrics of Helvetica is installed");
    const frames = async (javaScriptEnabled: boolean): Promise<number[][]> => {
      const { context, page } = await open({ viewport: desk, javaScriptEnabled });
      if (javaScriptEnabled) {
        await visitFigures(page);
        await enlivened(page);
      }
      const found = await Promise.all(
        (await page.locator(".drawing:visible svg").all()).map((svg) =>
          svg.locator(".background").first().boundingBox(),
        ),
      );
      await context.close();
      return found.map((box) => [box?.x ?? Number.NaN, box?.width ?? Number.NaN, box?.height ?? Number.NaN]);
    };
    const [still, live] = [await frames(false), await frames(true)];
    expect(still.length).toBe(4);
    for (const [i, box] of still.entries()) {
      for (const [j, value] of box.entries()) expect(Math.abs(value - (live[i]?.[j] ?? Number.NaN))).toBeLessThan(3);
    }
  });

  test("the theme can be switched by keyboard, and colours follow in drawings too", async () => {
    const { context, page } = await open({ viewport: desk, colorScheme: "light" });
    const ground = "getComputedStyle(document.body).backgroundColor";
    const label = "getComputedStyle(document.querySelector('.drawing svg text')).fill";
    const light = [await page.evaluate<string>(ground), await page.evaluate<string>(label)];
    await page.locator("#theme").focus();
    await page.keyboard.press("Enter");
    const dark = [await page.evaluate<string>(ground), await page.evaluate<string>(label)];
    expect(dark[0]).not.toBe(light[0]);
    expect(dark[1]).not.toBe(light[1]);
    await context.close();
  });

  test("pointing at a marker tells its numbers", async () => {
    const { context, page } = await open({ viewport: desk });
    await visitFigures(page);
    await enlivened(page);
    await page.locator(".drawing:visible .mark-symbol.role-mark path").nth(20).hover({ force: true }); // neighbours may touch
    await expect
      .poll(() => page.locator("#vg-tooltip-element").innerText())
      .toMatch(/layer\s+21\s+mean test error\s+0\.2177/);
    await context.close();
  });

  /** Texts that leave the frame of their drawing, where they are cut off. */
  function beyondFrames(page: Page): Promise<readonly string[]> {
    return page.evaluate(`[...document.querySelectorAll(".drawing svg")]
      .filter((svg) => svg.checkVisibility())
      .flatMap((svg) => {
        const frame = svg.getBoundingClientRect();
        return [...svg.querySelectorAll("text")]
          .filter((text) => text.textContent !== "" && getComputedStyle(text).opacity !== "0")
          .filter((text) => {
            const { left, right, top, bottom } = text.getBoundingClientRect();
            const out = [frame.left - left, right - frame.right, frame.top - top, bottom - frame.bottom];
            return out.some((pixels) => pixels > 1);
          })
          .map((text) => text.textContent);
      })`);
  }

  /** px on the screen: a scaled drawing counts as scaled. */
  function smallestText(page: Page): Promise<number> {
    return page.evaluate(`Math.min(...[...document.querySelectorAll(".drawing svg text")]
      .filter((text) => text.checkVisibility() && text.textContent !== "")
      .map((text) => {
        const scale = text.getScreenCTM();
        return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(scale.a, scale.b);
      }))`);
  }
});
