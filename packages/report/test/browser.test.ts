/**
 * @file The page in a real browser, opened from a file: no request, no error, nothing wider than the window, on a desk
 * and on a telephone, light and dark, with and without JavaScript.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
  async function open(options: BrowserContextOptions) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(file).href);
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

  /** The four drawings that this window shows are live. */
  const enlivened = (page: Page) => expect.poll(() => page.locator('.drawing[data-live="true"]').count()).toBe(4);

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
