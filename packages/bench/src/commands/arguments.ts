/** @file Readers of flag values that more than one command takes. */
import { InvalidArgumentError } from "commander";

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1)) throw new InvalidArgumentError("It must be a positive integer.");
  return value;
}
