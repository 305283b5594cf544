/** @file The columns of every table of probes that were certified and chosen on validation rows. */
import type { Column } from "./figure.ts";
import { percent, significant } from "./format.ts";

export const certificateColumns: readonly Column[] = [
  { key: "certified", title: "certified" },
  { key: "relativeGap", title: "relative gap", format: significant },
  { key: "gapNats", title: "gap (nats)", format: significant },
  { key: "l2", title: "l2", format: significant },
  { key: "validationError", title: "validation error", format: percent },
  { key: "trainError", title: "train error", format: percent },
];
