/**
 * @file Measurements: flat rows, the only bridge from experiments to figures. One JSON line each, keys sorted.
 * Wall-clock seconds never enter a row; they go to the timings file beside it.
 */
export type Cell = string | number | boolean | null;

/** One measured thing. Units are in the keys: `testError` (fraction), `gapNats`, `passes`. */
export type Row = Readonly<Record<string, Cell>>;

/** How far a figure's bytes can be trusted to replay. */
export type ReplayLevel = "bitwise-anywhere" | "bitwise-one-machine" | "tolerance";
