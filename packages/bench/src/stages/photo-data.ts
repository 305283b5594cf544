/** @file The photographs of the small Inception: CIFAR-10, or its stand-in. */
import { inceptionCifar, loadPhotos } from "@linear-probes/models";
import { type Images, images, type ImagesSource, type RowSettings } from "./image-data.ts";

export function photos(source: ImagesSource, rows: RowSettings): Promise<Images> {
  return images(source, rows, inceptionCifar, loadPhotos);
}
