/** @file The examples of the README and of the page for users of scikit-learn do what they say. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fitProbe, loadProbe, saveProbe } from "../src/index.ts";

test.each(["../README.md", "../../../docs/scikit-learn.md"])(
  "the example of %s",
  async (page) => {
    const readme = readFileSync(new URL(page, import.meta.url), "utf8");
    const lines = (/```ts\n([^]*?)```/.exec(readme)?.[1] ?? "").split("\n").slice(1);
    const folder = mkdtempSync(join(tmpdir(), "readme-"));
    const code = lines
      .join("\n")
      .replaceAll('"probe.safetensors"', JSON.stringify(join(folder, "probe.safetensors")))
      .replaceAll(
        /^(.*); \/\/ => (.*)$/gm,
        (_, expression: string, value: string) => `expect(${expression}).toEqual(${value});`,
      );
    expect(code).toContain("expect(");
    const names = { fitProbe, loadProbe, saveProbe, expect };
    // oxlint-disable-next-line typescript/no-implied-eval -- the text is our own README
    const run = new Function(...Object.keys(names), `return (async () => { ${code} })();`);
    await run(...Object.values(names));
    rmSync(folder, { recursive: true });
  },
  60_000,
);
