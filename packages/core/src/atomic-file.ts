/** @file Files appear whole or not at all: written beside their place, flushed, then renamed. */
import { createHash, randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { rejectWrite } from "./errors.ts";

/** Hexadecimal sha256 of the bytes. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Writes `chunks` to `path` atomically (temporary file, fsync, rename, fsync of the folder) and returns the sha256 of
 * the content. When anything fails, disk full included, the temporary file is removed and what was at `path` is kept.
 *
 * @throws WriteError naming `path` when the system refuses
 */
export function writeFileAtomic(path: string, chunks: Uint8Array | string | Iterable<Uint8Array>): string {
  const folder = dirname(path);
  // A name no other writer has: worker threads share the process number, and a killed process may leave its file.
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  const hash = createHash("sha256");
  try {
    mkdirSync(folder, { recursive: true });
    withHandle(temporary, "wx", (handle) => {
      const whole =
        typeof chunks === "string" ? [Buffer.from(chunks)] : chunks instanceof Uint8Array ? [chunks] : chunks;
      for (const chunk of whole) {
        hash.update(chunk);
        for (let done = 0; done < chunk.byteLength;) done += writeSync(handle, chunk, done);
      }
      fsyncSync(handle);
    });
    renameSync(temporary, path);
    withHandle(folder, "r", fsyncSync);
  } catch (cause) {
    rmSync(temporary, { force: true });
    rejectWrite(path, cause);
  }
  return hash.digest("hex");
}

function withHandle(path: string, flags: string, use: (handle: number) => void): void {
  const handle = openSync(path, flags);
  try {
    use(handle);
  } finally {
    closeSync(handle);
  }
}
