/** @file The one error grammar: `subject: rule, got value; remedy`. */

/** Bad input from the user or from a file. Its message is meant to be read by the person who gave the input. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/**
 * A file could not be written: no room, no permission. Its message, too, is for the user, but no input is at fault, so
 * whoever goes on past bad input must not go on past this.
 */
export class WriteError extends Error {
  override readonly name = "WriteError";
}

/** Builds the message `subject: rule, got value; remedy` and throws it as an {@link InputError}. */
export function reject(subject: string, rule: string, got: unknown, remedy?: string): never {
  throw new InputError(messageOf(subject, rule, got, remedy));
}

const NO_ROOM = "make room there or choose another folder, then do the same again";
const NO_PERMISSION = "choose a folder that may be written to";
const REMEDIES = new Map([
  ["ENOSPC", NO_ROOM], // disk full
  ["EDQUOT", NO_ROOM], // the user's share of the disk is
  ["EFBIG", NO_ROOM], // larger than the file system or `ulimit -f` allows
  ["EACCES", NO_PERMISSION],
  ["EPERM", NO_PERMISSION],
  ["EROFS", NO_PERMISSION],
]);

/** Throws what kept the file at `path` from being written as a {@link WriteError}; errors not of the system, as they are. */
export function rejectWrite(path: string, cause: unknown): never {
  if (!(cause instanceof Error && "code" in cause)) throw cause;
  const remedy = REMEDIES.get(String(cause.code));
  throw new WriteError(messageOf(path, "must be writable as a whole, nothing was kept of it", cause.message, remedy), {
    cause,
  });
}

function messageOf(subject: string, rule: string, got: unknown, remedy: string | undefined): string {
  const shown = typeof got === "string" ? JSON.stringify(got) : String(got);
  return `${subject}: ${rule}, got ${shown}${remedy === undefined ? "" : `; ${remedy}`}`;
}
