/** @file Denormal numbers are numbers in every session, whichever is the process's first (src/engines/onnx/session.ts). */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("the first engine of a process and the second find the same gradients, denormal ones included", () => {
  const fixture = fileURLToPath(new URL("../fixtures/two-engines.ts", import.meta.url));
  const printed = execFileSync(process.execPath, [fixture], { encoding: "utf8" });
  const [first, second]: readonly number[][] = JSON.parse(printed);
  const denormal = (value: number): boolean => value !== 0 && Math.abs(value) < 2 ** -126;
  expect(second?.filter(denormal).length).toBeGreaterThan(10);
  expect(first).toEqual(second);
});
