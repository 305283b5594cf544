/** @file What one TypeScript module needs, offers and does, as far as its fingerprint is concerned. Parsed by oxc. */
import { readFileSync } from "node:fs";
import { type Comment, parseSync } from "oxc-parser";

/** An import, re-export or reference; `names` of the values wanted, "all" when that cannot be told. */
export interface Need {
  readonly specifier: string;
  readonly names: readonly string[] | "all";
}

export interface ParsedModule {
  /** Its text without comments, which cannot change what it computes. */
  readonly code: string;
  readonly needs: readonly Need[];
  /** Nothing but `export … from`: it computes nothing itself. */
  readonly barrel: boolean;
  /** Names it exports → where from; undefined when declared here. */
  readonly exports: ReadonlyMap<string, { readonly specifier: string; readonly name: string } | undefined>;
  /** Modules of `export * from`. */
  readonly exportsAllOf: readonly string[];
}

export function parseModule(path: string): ParsedModule {
  const text = readFileSync(path, "utf8");
  const { module, comments, errors } = parseSync(path, text); // not `program`: the tree would cost ten times as much
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);

  const needs: Need[] = [];
  for (const { moduleRequest, entries } of module.staticImports) {
    const values = entries.filter((entry) => !entry.isType);
    if (entries.length > 0 && values.length === 0) continue; // types compute nothing
    const names = values.map(({ importName }) => (isDefault(importName.kind) ? "default" : importName.name));
    const known = names.filter((name) => name !== null);
    needs.push({
      specifier: moduleRequest.value,
      names: known.length === names.length && known.length > 0 ? known : "all",
    });
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const specifier = literal(text.slice(moduleRequest.start, moduleRequest.end));
    if (specifier !== undefined) needs.push({ specifier, names: "all" });
  }
  const code = without(
    text,
    comments.map((comment) => withBlanks(text, comment)),
  );
  // Workers and binary files are named by URLs relative to the module.
  for (const [, specifier] of code.matchAll(/new URL\(\s*["'`]([^"'`$]+)["'`]\s*,\s*import\.meta\.url/g))
    if (specifier !== undefined) needs.push({ specifier: relative(specifier), names: "all" });

  const exports = new Map<string, { specifier: string; name: string } | undefined>();
  const exportsAllOf: string[] = [];
  for (const { moduleRequest, importName, exportName, isType } of module.staticExports.flatMap((e) => e.entries)) {
    if (isType) continue;
    const name = isDefault(exportName.kind) ? "default" : exportName.name;
    const source = moduleRequest?.value;
    if (name === null) {
      if (source !== undefined) exportsAllOf.push(source);
    } else if (source === undefined) exports.set(name, undefined);
    else exports.set(name, { specifier: source, name: importName.name ?? "*" });
    if (source !== undefined)
      needs.push({ specifier: source, names: importName.name === null ? "all" : [importName.name] });
  }
  const passedOn = module.staticExports.filter(({ entries }) => entries.every((entry) => entry.moduleRequest !== null));
  const barrel = without(text, [...comments, ...passedOn]).trim() === "";
  return { code, needs, barrel, exports, exportsAllOf };
}

interface Piece {
  readonly start: number;
  readonly end: number;
}

/** What is left when these pieces are cut out. */
function without(text: string, pieces: readonly Piece[]): string {
  let left = "";
  let at = 0;
  for (const { start, end } of pieces.toSorted((a, b) => a.start - b.start)) {
    left += text.slice(at, Math.max(at, start));
    at = Math.max(at, end);
  }
  return left + text.slice(at);
}

/** The comment and the blanks before it, or the whole line where it stands alone. */
function withBlanks(text: string, { start, end }: Comment): Piece {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", end);
  const alone = lineEnd !== -1 && `${text.slice(lineStart, start)}${text.slice(end, lineEnd)}`.trim() === "";
  if (alone) return { start: lineStart, end: lineEnd + 1 };
  return { start: start - (text.slice(lineStart, start).match(/[ \t]*$/)?.[0].length ?? 0), end };
}

// oxc's kinds are string enums that exist only as types.
function isDefault(kind: string): boolean {
  return kind === "Default";
}

function literal(source: string): string | undefined {
  return /^(["'`])([^"'`$]+)\1$/.exec(source)?.[2];
}

function relative(specifier: string): string {
  return specifier.startsWith(".") ? specifier : `./${specifier}`;
}
