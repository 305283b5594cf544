/** @file Reading cells of rows by name and type: a figure never draws a column that is not there. */
import { reject, type Row } from "@linear-probes/core";

export function numberCell(row: Row, key: string): number {
  const cell = row[key];
  if (!(typeof cell === "number" && Number.isFinite(cell)))
    return reject(`row.${key}`, "must be a finite number", cell);
  return cell;
}

export function textCell(row: Row, key: string): string {
  const cell = row[key];
  if (typeof cell !== "string") return reject(`row.${key}`, "must be text", cell);
  return cell;
}

export function flagCell(row: Row, key: string): boolean {
  const cell = row[key];
  if (typeof cell !== "boolean") return reject(`row.${key}`, "must be true or false", cell);
  return cell;
}
