/** @file From the labels of a user's file, numbers or words, to classes 0..k-1. */
import { reject } from "@linear-probes/core";

export interface ClassLabels {
  readonly classes: number; // k
  /** What each class is called in the file, ascending; absent where the labels already are 0..k-1. */
  readonly classNames?: readonly string[];
  readonly labels: readonly Int32Array[]; // one array per array given
}

/** The classes are all labels that occur in any of the arrays: numbers in ascending order, words in code point order. */
export function toClasses(subject: string, given: readonly (readonly (number | string)[])[]): ClassLabels {
  const values = [...new Set(given.flat())].sort(ascending);
  if (!(values.length >= 2)) reject(subject, "labels must name at least 2 classes", values.join(" ") || "none");
  const classOf = new Map(values.map((value, index) => [value, index]));
  const labels = given.map((list) => Int32Array.from(list, (value) => classOf.get(value) ?? Number.NaN));
  const plain = values.every((value, index) => value === index);
  return { classes: values.length, ...(plain ? {} : { classNames: values.map(String) }), labels };
}

function ascending(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : 1;
}

/** Numbers that stand for classes must be whole. */
export function wholeNumbers(subject: string, values: ArrayLike<number | bigint>): number[] {
  return Array.from(values, (value, row) => {
    const label = Number(value);
    if (!Number.isSafeInteger(label)) reject(`${subject}, row ${row}`, "label must be a whole number", value);
    return label;
  });
}
