/**
 * @file Names from a foreign file, made safe to show. A name is only ever shown or compared: no file is named after it.
 */

// Control characters (ANSI escapes start with one), line separators, bidirectional overrides, invisible joiners, lone
// surrogates, byte-order mark: everything that could move the cursor or make one name look like another.
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** `name` with every unsafe character written as `\u{…}`, cut in the middle when longer than `limit` characters. */
export function printable(name: string, limit = 120): string {
  // A hostile name may be megabytes long: cut before escaping. Names are told apart by both ends, so both are kept.
  const cut =
    name.length <= limit ? name : `${name.slice(0, Math.ceil(limit / 2) - 1)}…${name.slice(-Math.floor(limit / 2))}`;
  return cut.replaceAll(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** How messages name a node: its name, or its first output, and the operator. */
export function describeNode(node: {
  readonly name: string;
  readonly opType: string;
  readonly output: readonly string[];
}): string {
  return `"${printable(node.name || node.output[0] || "?")}" (${printable(node.opType, 40)})`;
}
