/** @file What a figure is: pure functions from a result's rows to Vega-Lite, a caption, a table and judged claims. */
import type { Result } from "@linear-probes/bench";
import type { ReplayLevel, Row } from "@linear-probes/core";
import type { TopLevelSpec } from "vega-lite";
import type { Claim } from "./claim.ts";

export interface FigureDefinition {
  readonly id: string; // = file name
  readonly label: string; // e.g. "Figure 3"
  readonly title: string;
  readonly source: string; // the experiment whose rows it draws
  readonly replayLevel: ReplayLevel;
  /** What was done, in two to five sentences. */
  caption(result: Result): string;
  panels(result: Result): readonly Panel[];
  table(result: Result): Table;
  readonly claims: readonly Claim[];
}

export interface Panel {
  readonly id: string;
  readonly title: string; // says what is on the vertical axis, with its unit
  readonly share: number; // of the figure's width on a wide page; the shares of a row add up to 1, and all rows are alike
  readonly probes: boolean; // do its points show probes, whose certificates the markers tell?
  /** A slider moves the parameter `param` of the specification over so many frames; the film can be taken away as a GIF. */
  readonly film?: { readonly param: string; readonly frames: number };
  /** A sentence for those who do not see the drawing. */
  readonly description: string;
  spec(size: PanelSize): TopLevelSpec;
}

/** Every panel is drawn twice; the style sheet shows one. */
export interface PanelSize {
  readonly width: number; // px, all included
  readonly narrow: boolean; // for telephones
}

export interface Column {
  readonly key: string; // of the row, and of the CSV
  readonly title: string;
  readonly format?: (value: number) => string;
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}
