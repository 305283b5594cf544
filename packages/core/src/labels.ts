/** @file Labels: class numbers, one for each row. */

/** Where the first label lies that is not 0 .. classes-1; -1 without one. A loop: every fit asks thrice and more. */
export function labelOutside(labels: Int32Array, classes: number): number {
  for (let at = 0; at < labels.length; at++) if (!(labels[at]! >= 0 && labels[at]! < classes)) return at;
  return -1;
}
