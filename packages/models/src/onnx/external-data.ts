/**
 * @file Tensors kept outside the model file (ONNX external data). The file may name only regular files inside the model's
 * own folder: no absolute path, no `..`, no symbolic link that leaves it, no device or pipe. Nothing else is opened.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from "node:fs";
import { isAbsolute, join, sep, win32 } from "node:path";
import { reject } from "@linear-probes/core";
import type { TensorProto } from "onnx-buf";
import { printable } from "./printable.ts";

export interface ExternalFile {
  readonly location: string; // as the model says
  readonly sha256: string; // of the whole file
}

/** A tensor kept outside, and how many bytes its shape needs. */
export interface ExternalTensor {
  readonly tensor: TensorProto;
  readonly byteLength: number;
}

/** Checks every reference and hashes each file once, in order of first use. */
export function readExternalFiles(
  model: string,
  folder: string | undefined,
  tensors: readonly ExternalTensor[],
): ExternalFile[] {
  const files = new Map<string, { readonly sha256: string; readonly size: number }>();
  for (const { tensor, byteLength } of tensors) {
    const subject = `${model}: tensor "${printable(tensor.name)}", external_data`;
    const entry = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const location = entry.get("location") ?? "";
    if (folder === undefined)
      return reject(
        subject,
        "needs a model that was opened by its path",
        printable(location),
        "give the path of the model file",
      );
    let file = files.get(location);
    if (!file) {
      file = hashInside(subject, folder, location);
      files.set(location, file);
    }
    const offset = wholeNumber(`${subject}.offset`, entry.get("offset") ?? "0");
    const length = wholeNumber(`${subject}.length`, entry.get("length") ?? String(byteLength));
    if (length !== byteLength)
      reject(`${subject}.length`, `must be the ${byteLength} bytes of the declared shape`, length);
    if (!(offset + length <= file.size))
      reject(`${subject}.offset`, `offset + length must be at most the file's ${file.size} bytes`, offset + length);
  }
  return [...files].map(([location, { sha256 }]) => ({ location, sha256 }));
}

function wholeNumber(subject: string, text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= 0 ? value : reject(subject, "must be a whole number", printable(text));
}

function hashInside(subject: string, folder: string, location: string): { sha256: string; size: number } {
  const where = `${subject}.location`;
  return hashFile(where, fileInside(where, folder, location), printable(location));
}

/** The path of a regular file inside `folder`, or an InputError that begins with `where`. */
export function fileInside(where: string, folder: string, location: string): string {
  const remedy = "put the data file beside the model and name it by its relative path";
  const shown = printable(location);
  if (location === "" || location.includes("\0")) reject(where, "must name a file", shown, remedy);
  if (isAbsolute(location) || win32.isAbsolute(location)) reject(where, "must be a relative path", shown, remedy);
  if (location.split(/[/\\]/).includes("..")) reject(where, "must not contain '..'", shown, remedy);
  const home = realpathSync(folder);
  let path: string;
  try {
    path = realpathSync(join(home, location));
  } catch {
    return reject(where, "must name a file that exists", shown, remedy);
  }
  if (!path.startsWith(home.endsWith(sep) ? home : home + sep))
    reject(where, "must stay inside the model's folder", shown, remedy);
  if (!lstatSync(path).isFile()) reject(where, "must be a regular file", shown, remedy);
  return path;
}

/** Opened without following links and without waiting, then checked again: what was checked is what is read. */
function hashFile(where: string, path: string, shown: string): { sha256: string; size: number } {
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) reject(where, "must be a regular file", shown);
    const hash = createHash("sha256");
    const chunk = new Uint8Array(1 << 20);
    for (let read = 1; read > 0;) {
      read = readSync(handle, chunk, 0, chunk.byteLength, null);
      hash.update(chunk.subarray(0, read));
    }
    return { sha256: hash.digest("hex"), size: stat.size };
  } finally {
    closeSync(handle);
  }
}
