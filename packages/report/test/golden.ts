/** @file Golden files: exact text, kept beside the tests. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/**
 * Fails when `text` is not what `golden/<stem><extension>` holds, and writes `<stem>-changed<extension>` beside it; look
 * at the difference, and when it is meant, move the new file over the old one.
 */
export function expectGolden(stem: string, extension: string, text: string): void {
  const path = fileURLToPath(new URL(`golden/${stem}${extension}`, import.meta.url));
  const changed = fileURLToPath(new URL(`golden/${stem}-changed${extension}`, import.meta.url));
  const same = existsSync(path) && readFileSync(path, "utf8") === text;
  if (same) rmSync(changed, { force: true });
  else writeFileSync(changed, text);
  expect(same, `${path} differs from the new ${changed}`).toBe(true);
}
