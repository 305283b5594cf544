/** @file What the page carries inside: style sheet, script, and Vega for those who have JavaScript. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { cssVariables, fontFamily } from "../theme.ts";

export function styleSheet(): string {
  const sheets = ["base", "figures", "verdicts", "tables", "media"]; // later ones override earlier ones
  const rules = sheets.map((name) => readFileSync(new URL(`styles/${name}.css`, import.meta.url), "utf8"));
  const dark = cssVariables("dark");
  return [
    `:root{${cssVariables("light")};--sans:${fontFamily};color-scheme:light}`,
    `@media (prefers-color-scheme:dark){:root:not([data-theme="light"]){${dark};color-scheme:dark}}`,
    `:root[data-theme="dark"]{${dark};color-scheme:dark}`,
    ...rules,
    `@media print{:root:root:root{${cssVariables("light")};color-scheme:light}}`,
  ].join("\n");
}

/** Scripts in the order in which they run. */
export function scripts(): readonly string[] {
  const require = createRequire(import.meta.url);
  // Named one by one, so that tools see what is used. The packages export modules only; the bundles lie beside them.
  const modules = [
    ["vega", require.resolve("vega")],
    ["vega-lite", require.resolve("vega-lite")],
    ["vega-embed", require.resolve("vega-embed")],
  ] as const;
  const bundles = modules.map(([name, module]) =>
    readFileSync(join(dirname(module), `${name}.min.js`), "utf8").replace(/\n\/\/# sourceMappingURL=\S*\s*$/, "\n"),
  );
  const own = readFileSync(new URL("enhance.js", import.meta.url), "utf8");
  return [...bundles, own].map((script) => script.replaceAll("</script", String.raw`<\/script`));
}

/** A Content-Security-Policy under which nothing can be fetched and only these scripts run. */
export function securityPolicy(allowed: readonly string[]): string {
  const hashes = allowed.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
