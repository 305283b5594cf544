/** @file The film in a real browser: a slider by keyboard, a play button, the step in words; and a still frame without. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fig08Film } from "../src/figures/index.ts";
import { renderPage } from "../src/page/page.ts";
import { fig08Result } from "./fixtures/deep.ts";

const executablePath = process.env["PROBES_CHROMIUM"] ?? "/usr/bin/chromium";
const reason = existsSync(executablePath) ? "" : ` (skipped: no browser at ${executablePath}; set PROBES_CHROMIUM)`;

describe.skipIf(reason !== "")(`in Chromium${reason}`, { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "report-film-"));
  const file = join(folder, "index.html");
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, (await renderPage([fig08Film], [fig08Result()], "paper")).markup);
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([1280, 390])("at %d px the arrow keys and the button move the film", async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(...(message.type() === "error" ? [message.text()] : [])));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(file).href);
    const slider = page.locator('input[type="range"]:visible');
    const words = page.locator("#fig08-film .drawing:visible").first();
    await page.locator("#fig08-film").scrollIntoViewIfNeeded();
    await slider.waitFor();
    expect(await slider.count()).toBe(1);
    expect(await words.textContent()).toContain("after 100 steps"); // the second of five frames
    await slider.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => words.textContent()).toContain("after 300 steps");
    await page.keyboard.press("Home");
    await expect.poll(() => words.textContent()).toContain("after 0 steps");
    const play = page.locator("button.play:visible");
    await play.click();
    expect(await play.textContent()).toBe("Pause");
    await expect.poll(() => words.textContent(), { timeout: 10_000 }).toContain("after 2,000 steps");
    await expect.poll(() => play.textContent()).toBe("Play");
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("without JavaScript one frame stands still", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await page.locator("#fig08-film .drawing:visible").first().textContent()).toContain("after 100 steps");
    expect(await page.locator('input[type="range"]').count()).toBe(0);
    const gif = await page.getByRole("link", { name: "Film (GIF)" }).getAttribute("href");
    expect(gif).toMatch(/^data:image\/gif;base64,R0lGODlh/);
    await context.close();
  });
});
