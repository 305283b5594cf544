/**
 * @file The fingerprint of code: what a result depends on, as sha256 per part. The parts of an entry module are the
 * modules in the closure of its value imports (comments aside), the files that they name by URL (workers, the compiled
 * kernels), the versions of the external packages reached, the version of Node, and how the machine sums products.
 *
 * A module that only re-exports is looked through: a name imported from `@linear-probes/solvers` leads to the file that
 * declares it and not to its neighbours. So a changed solver changes the fingerprint of those who use it, and no other.
 */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { arithmetic, reject, sha256 } from "@linear-probes/core";
import { z } from "zod";
import { canonicalJson } from "./json.ts";
import { type Need, type ParsedModule, parseModule } from "./parsed-module.ts";

export interface Fingerprint {
  readonly sha256: string;
  /** Path from the root, `npm:name`, `node` or `arithmetic` → sha256, version or kind. */
  readonly parts: Readonly<Record<string, string>>;
}

const manifest = z.object({
  version: z.string().optional(),
  exports: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});

/** Reads each module once; make a new one to see changed files. `root` is the folder that paths are named from. */
export function createFingerprinter(root: string): (entry: string) => Fingerprint {
  const modules = new Map<string, ParsedModule>();
  const moduleAt = (path: string): ParsedModule => {
    const known = modules.get(path) ?? parseModule(path);
    modules.set(path, known);
    return known;
  };

  return (entry) => {
    const parts: Record<string, string> = { node: process.version, arithmetic: arithmetic() };
    const seen = new Set<string>();

    const addPackage = (folder: string, name: string): void => {
      if (seen.has(folder)) return;
      seen.add(folder);
      const { version = "unknown", dependencies, optionalDependencies } = readManifest(folder);
      parts[folder.includes(`${sep}node_modules${sep}`) ? packageKey(folder) : `npm:${name}`] = version;
      for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
        const found = findPackage(dependency, folder);
        if (found !== undefined) addPackage(found, dependency);
      }
    };

    const addFile = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      const key = relative(root, path);
      if (!existsSync(path)) parts[key] = "absent";
      else if (statSync(path).isDirectory()) return;
      else if (!isModule(path)) parts[key] = sha256(readFileSync(path));
      else {
        const module = moduleAt(path);
        parts[key] = sha256(module.code);
        for (const need of module.needs) follow(need, path);
      }
    };

    const follow = (need: Need, from: string): void => {
      if (need.specifier.startsWith("node:")) return;
      const target = resolveSpecifier(need.specifier, from);
      if ("external" in target) addPackage(target.folder, target.external);
      else if (need.names === "all" || !isModule(target.path)) addFile(target.path);
      else for (const name of need.names) addFile(declarer(target.path, name));
    };

    /** The module that computes the export `name` of the module at `path`. */
    const declarer = (path: string, name: string): string => {
      const module = moduleAt(path);
      if (!module.barrel) return path;
      const source = module.exports.get(name);
      if (source !== undefined) return through(source.specifier, path, source.name) ?? path;
      for (const specifier of module.exportsAllOf) {
        const found = through(specifier, path, name);
        if (found !== undefined && offers(found, name)) return found;
      }
      return path; // not found: the whole of it
    };
    const through = (specifier: string, from: string, name: string): string | undefined => {
      const target = resolveSpecifier(specifier, from);
      return "path" in target ? declarer(target.path, name) : undefined;
    };
    const offers = (path: string, name: string): boolean => {
      const module = moduleAt(path);
      if (module.exports.has(name)) return true;
      return module.exportsAllOf.some((specifier) => {
        const target = resolveSpecifier(specifier, path);
        return "path" in target && offers(target.path, name);
      });
    };

    addFile(realpathSync(entry));
    return { sha256: sha256(canonicalJson(parts)), parts };
  };
}

function isModule(path: string): boolean {
  return [".ts", ".mts", ".js", ".mjs"].includes(extname(path));
}

type Target = { readonly path: string } | { readonly external: string; readonly folder: string };

function resolveSpecifier(specifier: string, from: string): Target {
  if (specifier.startsWith(".")) return { path: resolve(dirname(from), specifier) };
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  const folder = findPackage(name, dirname(from));
  if (folder === undefined) reject(from, "every import must be installed", specifier, "run `npm ci`");
  // Workspace packages are links to folders of ours; all else lives under node_modules.
  if (folder.includes(`${sep}node_modules${sep}`)) return { external: name, folder };
  const { exports } = readManifest(folder);
  const subpath = `.${specifier.slice(name.length)}`;
  const target = typeof exports === "string" ? exports : exports?.[subpath];
  if (typeof target !== "string") reject(from, "a workspace import must be among the package's exports", specifier);
  return { path: join(folder, target) };
}

function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (dirname(folder) === folder) return undefined;
  }
}

function packageKey(folder: string): string {
  return `npm:${folder.slice(folder.indexOf(`${sep}node_modules${sep}`) + 14)}`;
}

function readManifest(folder: string): z.infer<typeof manifest> {
  return manifest.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
}
