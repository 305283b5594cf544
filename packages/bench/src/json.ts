/** @file JSON with one spelling per value: keys sorted, shortest round-trip numbers. What is hashed or compared is this. */
import { reject } from "@linear-probes/core";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** The canonical text of `value`. NaN and infinities have no JSON spelling and are refused; undefined members are left out. */
export function canonicalJson(value: Json): string {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) reject("canonicalJson", "numbers must be finite", value, "write null instead");
    return JSON.stringify(value);
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const member = value[key];
      return member === undefined ? [] : [`${JSON.stringify(key)}:${canonicalJson(member)}`];
    });
  return `{${members.join(",")}}`;
}

// Array.isArray does not narrow readonly arrays away from index signatures.
function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
