/** @file Data from the world, or, where it cannot be had, its drawn stand-in with a notice that says why. */
import type { Dataset, LoadedDataset, LoadOptions } from "../../dataset.ts";
import { DatasetUnavailableError } from "../../dataset.ts";

/** A damaged file of the real data is an error all the same: whoever put it there means that data. */
export async function loadOrStandIn(
  real: Pick<Dataset, "name" | "load">,
  title: string, // of the real data, as people write it
  standIn: Pick<Dataset, "name" | "load">,
  options: LoadOptions,
): Promise<LoadedDataset> {
  try {
    return await real.load(options);
  } catch (error) {
    if (!(error instanceof DatasetUnavailableError)) throw error;
    options.log?.(error.message);
    options.log?.(`${standIn.name} stands in for ${real.name}`);
    const drawn = await standIn.load(options);
    return { ...drawn, notice: `${drawn.notice} ${title} could not be had: ${error.reason}.` };
  }
}
