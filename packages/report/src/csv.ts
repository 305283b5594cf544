/** @file A table as CSV (RFC 4180), full precision. */
import type { Cell } from "@linear-probes/core";
import type { Table } from "./figure.ts";

export function csv(table: Table): string {
  const lines = [
    table.columns.map((column) => field(column.key)),
    ...table.rows.map((row) => table.columns.map((column) => field(row[column.key] ?? null))),
  ];
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

function field(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
