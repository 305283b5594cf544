/** @file Refuses problems that have no answer, before anything is computed. */
import { reject } from "./errors.ts";
import { labelOutside } from "./labels.ts";
import type { LabelledFeatures, ProbeProblem } from "./problem.ts";

/** Labels must be one per row and within the classes. */
export function checkLabelled(rows: LabelledFeatures<"train" | "validation" | "test">): void {
  const { role, features, labels, classes } = rows;
  if (!(Number.isInteger(classes) && classes >= 2))
    reject(`${role} classes`, "must be an integer of at least 2", classes);
  if (labels.length !== features.rows) {
    reject(`${role} labels`, `must be one for each of ${features.rows} rows`, labels.length);
  }
  const bad = labelOutside(labels, classes);
  if (bad >= 0) reject(`${role} labels[${bad}]`, `must be 0..${classes - 1}`, labels[bad]);
}

/** A probe problem is well posed: l2 > 0, at least as many rows as classes, at least two classes present. */
export function checkProblem({ train, l2 }: ProbeProblem): void {
  checkLabelled(train);
  if (!(l2 > 0 && Number.isFinite(l2))) {
    reject("l2", "must be > 0 and finite", l2, "without a penalty there may be no optimum and no certificate");
  }
  const { rows } = train.features;
  if (rows < train.classes) reject("classes", `must not be more than the ${rows} training rows`, train.classes);
  const first = train.labels[0];
  if (train.labels.every((label) => label === first)) {
    reject("train labels", "must be of at least two classes", `only class ${first}`, "there is nothing to tell apart");
  }
}

/** A probe fits the rows it is used on. */
export function checkProbe(
  probe: { classes: number; cols: number },
  rows: LabelledFeatures<"train" | "validation" | "test">,
): void {
  if (probe.cols !== rows.features.cols)
    reject("probe columns", `must be ${rows.features.cols}, as the rows have`, probe.cols);
  if (probe.classes !== rows.classes)
    reject("probe classes", `must be ${rows.classes}, as the labels have`, probe.classes);
}
