/** @file What a dataset is: labelled rows for training and for test, with their provenance. */
import type { Stream } from "@linear-probes/core";
import { InputError } from "@linear-probes/core";

export interface Dataset {
  readonly name: string; // = file name = CLI name
  readonly source: string; // author, year, where the bytes come from
  readonly classes: number; // k
  /** One row of inputs, e.g. [28, 28, 1] (height, width, channels). */
  readonly inputShape: readonly number[];
  load(options?: LoadOptions): Promise<LoadedDataset>;
}

export interface LoadOptions {
  /** Searched first: the folder itself, then its subfolder named after the dataset. */
  readonly dataDir?: string;
  /** Searched next, and where downloads are kept. Default: the user's cache folder. */
  readonly cacheDir?: string;
  /** May files be downloaded? Default true. */
  readonly download?: boolean;
  /** Receives progress, one line each. */
  readonly log?: (line: string) => void;
  /** Where generated datasets draw from. Fixed datasets ignore it. */
  readonly stream?: Stream;
  /** How many rows are wanted: the first ones of a fixed dataset, as many draws of a generated one. */
  readonly rows?: { readonly train?: number; readonly test?: number };
  readonly signal?: AbortSignal;
}

export interface LabelledInputs {
  /** [n, ...inputShape], row-major. Uint8Array: raw pixels 0..255. Int32Array: token numbers. */
  readonly inputs: Uint8Array | Float32Array | Int32Array;
  readonly labels: Int32Array; // y [n], 0..classes-1
  /** For models of several inputs: all arrays of the user's file by name, `inputs` among them, row for row. */
  readonly named?: Readonly<Record<string, NamedInputs>>;
}

export interface NamedInputs {
  readonly values: LabelledInputs["inputs"]; // [n, ...shape]
  readonly shape: readonly number[]; // of one row
}

export interface LoadedDataset {
  readonly name: string;
  readonly classes: number;
  /** What the data itself calls the classes, where that is not 0, 1, 2… */
  readonly classNames?: readonly string[];
  readonly inputShape: readonly number[];
  readonly train: LabelledInputs;
  readonly test: LabelledInputs;
  /** Hash of inputs, labels and shape as they stand here. */
  readonly sha256: string;
  /** Stands in for data from the world that could not be had. */
  readonly synthetic: boolean;
  /** A sentence that every figure made from this data must show. */
  readonly notice?: string;
}

/** The files are nowhere to be had. Files that are there but wrong are a plain InputError. */
export class DatasetUnavailableError extends InputError {
  /** The rest of "it could not be had: …", short, without paths of this machine. */
  readonly reason: string;

  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
