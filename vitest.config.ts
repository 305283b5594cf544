/** @file `npx vitest` here runs the tests of every package as `npm test` does. */
import { defineConfig } from "vitest/config";

const packages = ["core", "solvers", "models", "bench", "report"];

export default defineConfig({
  test: {
    projects: packages.map((name) => ({ extends: "./vitest.package.ts", root: `packages/${name}`, test: { name } })),
  },
});
