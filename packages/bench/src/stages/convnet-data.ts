/** @file The digits of figure 5. */
import { loadDigits, mnistConvnet } from "@linear-probes/models";
import { type Images, images, type ImagesSource, type RowSettings } from "./image-data.ts";

export type { RowSettings } from "./image-data.ts";
export type Digits = Images;

export function digits(source: ImagesSource, rows: RowSettings): Promise<Digits> {
  return images(source, rows, mnistConvnet, loadDigits);
}
