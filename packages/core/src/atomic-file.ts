/** @file Files appear whole or not at all: written beside their place, flushed, then renamed. */
import { createHash, randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** Hexadecimal sha256 of the bytes. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Writes `chunks` to `path` atomically (temporary file, fsync, rename, fsync of the folder) and returns the sha256 of
 * the content. When anything fails, disk full included, the temporary file is removed and what was at `path` is kept.
 */
export function writeFileAtomic(path: string, chunks: Uint8Array | string | Iterable<Uint8Array>): string {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  // A name no other writer has: worker threads share the process number, and a killed process may leave its file.
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  const hash = createHash("sha256");
  const handle = openSync(temporary, "wx");
  try {
    try {
      const whole =
        typeof chunks === "string" ? [Buffer.from(chunks)] : chunks instanceof Uint8Array ? [chunks] : chunks;
      for (const chunk of whole) {
        hash.update(chunk);
        for (let done = 0; done < chunk.byteLength;) done += writeSync(handle, chunk, done);
      }
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new Error(
      `${path}: could not be written, ${cause instanceof Error ? cause.message : String(cause)}; nothing was changed`,
      { cause },
    );
  }
  const folderHandle = openSync(folder, "r");
  try {
    fsyncSync(folderHandle);
  } finally {
    closeSync(folderHandle);
  }
  return hash.digest("hex");
}
