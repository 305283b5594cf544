/** @file What was measured for figure 8 minus what the paper's bars show. */
import type { Row } from "@linear-probes/core";
import { digitised } from "../paper/fig08-digitised.ts";
import { probes } from "./deep-networks.ts";

export interface Residual extends Row {
  readonly step: number;
  readonly panel: string;
  readonly series: string; // label
  readonly layer: number;
  readonly trainError: number;
  readonly paper: number; // height of the bar
  readonly residual: number;
  readonly certified: boolean;
}

/** None where the network has another depth than the paper's 128: layers of the same number would not be the same. */
export function residuals(rows: readonly Row[]): readonly Residual[] {
  const all = probes(rows, "shown");
  if (Math.max(...all.map(({ layer }) => layer)) !== 128) return [];
  return all.flatMap(({ step, panel, series, layer, trainError, certified }) => {
    const paper = digitised(step)?.[layer];
    return paper === undefined
      ? []
      : [{ step, panel, series, layer, trainError, paper, residual: trainError - paper, certified }];
  });
}
