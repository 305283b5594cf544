/** @file The one error grammar: `subject: rule, got value; remedy`. */

/** Bad input from the user or from a file. Its message is meant to be read by the person who gave the input. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** Builds the message `subject: rule, got value; remedy` and throws it as an {@link InputError}. */
export function reject(subject: string, rule: string, got: unknown, remedy?: string): never {
  const shown = typeof got === "string" ? JSON.stringify(got) : String(got);
  throw new InputError(`${subject}: ${rule}, got ${shown}${remedy === undefined ? "" : `; ${remedy}`}`);
}
