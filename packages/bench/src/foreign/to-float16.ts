/** @file Activations as float16: half the room, 11 significant bits; what float16 cannot hold is refused, not made infinite. */
import { reject } from "@linear-probes/core";
import { printable } from "@linear-probes/models";

const LARGEST = 65504; // IEEE 754-2019, binary16: (2 - 2^-10) 2^15

/** To nearest, ties to even. What is not finite stays so; whoever makes features of it refuses it. */
export function toFloat16(values: Float32Array, tap: string): Float16Array {
  const beyond = values.find((value) => Number.isFinite(value) && Math.abs(value) > LARGEST);
  if (beyond !== undefined)
    reject(
      `dtype: tap "${printable(tap)}"`,
      `must have values of at most ${LARGEST} in magnitude to be stored as float16`,
      beyond,
      "use --dtype float32, or leave the tap out",
    );
  return Float16Array.from(values);
}
