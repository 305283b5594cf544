/** @file The rows of a probing as a table for the terminal: one line per tap, the controls beside it. */
import type { Cell, Row } from "@linear-probes/core";
import { textTable } from "../table.ts";

export function resultTable(rows: readonly Row[]): string[] {
  const main = rows.filter((row) => row["network"] === "trained" && row["task"] === "labels");
  const controls = rows.length > main.length;
  const several = main.some((row) => row["checkpoint"] !== main[0]?.["checkpoint"]);
  const header = [
    ...(several ? ["checkpoint"] : []),
    ..."depth tap operator features columns".split(" "),
    ..."error %,95 % interval,validation %,top-5 %,cross-entropy nats,calibration %,l2,relative gap,ended".split(","),
    ...(controls ? ["untrained %", "control %", "selectivity %"] : []),
  ];
  const lines = main.map((row) => {
    const beside = (network: string, task: string): Cell | undefined =>
      rows.find(
        (other) =>
          other["network"] === network &&
          other["task"] === task &&
          other["checkpoint"] === row["checkpoint"] &&
          other["tap"] === row["tap"] &&
          other["depth"] === row["depth"],
      )?.["testError"];
    return [
      ...(several ? [String(row["model"])] : []),
      String(row["depth"]),
      String(row["tap"]),
      String(row["operator"]),
      String(row["features"]),
      String(row["columns"]),
      percent(row["testError"]),
      row["testErrorLow"] === null ? "" : `${percent(row["testErrorLow"])}–${percent(row["testErrorHigh"])}`,
      percent(row["validationError"]),
      percent(row["top5Error"]),
      fixed(row["crossEntropyNats"], 4),
      percent(row["calibrationError"]),
      power(row["l2"]),
      power(row["relativeGap"]),
      `${String(row["status"])}${row["certified"] === true ? "" : ", not certified"}`,
      ...(controls
        ? [
            percent(beside("untrained-twin", "labels")),
            percent(beside("trained", "control")),
            percent(row["selectivity"]),
          ]
        : []),
    ];
  });
  const reasons = rows.flatMap((row) =>
    typeof row["reason"] === "string"
      ? [`${String(row["tap"])} (${String(row["network"])}, ${String(row["task"])}): ${row["reason"]}`]
      : [],
  );
  return [...textTable(header, lines), ...reasons];
}

function percent(cell: Cell | undefined): string {
  return typeof cell === "number" ? (100 * cell).toFixed(2) : "";
}

function fixed(cell: Cell | undefined, digits: number): string {
  return typeof cell === "number" ? cell.toFixed(digits) : "";
}

function power(cell: Cell | undefined): string {
  return typeof cell === "number" ? cell.toExponential(1) : "";
}
