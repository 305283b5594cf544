/** @file Tables of numbers with a column of labels: csv (RFC 4180), or tsv. The first line names the columns. */
import { reject } from "@linear-probes/core";
import { parse } from "csv-parse/sync";

export interface CsvTable {
  readonly inputs: Float32Array; // X [n, d]
  readonly labels: readonly (number | string)[]; // y [n]
  readonly columns: readonly string[]; // [d], without the labels' column
}

const LABEL_COLUMNS = ["label", "labels", "class", "target", "y"];
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const MOST_BYTES = 2 ** 29; // what a string of V8 can hold

/** `labelColumn` defaults to the one called label, labels, class, target or y. */
export function readCsv(content: Uint8Array, subject: string, delimiter: "," | "\t", labelColumn?: string): CsvTable {
  if (!(content.length < MOST_BYTES))
    reject(subject, `must have less than ${MOST_BYTES} bytes`, content.length, "use npy");
  const [header, ...rows] = records(content, subject, delimiter);
  if (header === undefined || rows.length === 0)
    reject(subject, "must have a line of names and lines of rows", "neither");
  const labelAt = findLabelColumn(header.record, subject, labelColumn);
  const columns = header.record.filter((_, i) => i !== labelAt);
  if (columns.length === 0) reject(subject, "must have columns beside the labels", header.record.join(delimiter));
  const inputs = new Float32Array(rows.length * columns.length);
  let at = 0;
  for (const { record, line } of rows) {
    for (const [i, cell] of record.entries()) {
      if (i === labelAt) continue;
      const value = NUMBER.test(cell) ? Math.fround(Number(cell)) : Number.NaN;
      if (!Number.isFinite(value)) {
        reject(`${subject}, line ${line}, column ${JSON.stringify(header.record[i])}`, "must be a finite number", cell);
      }
      inputs[at++] = value;
    }
  }
  return { inputs, columns, labels: labelsOf(rows.map(({ record }) => record[labelAt] ?? "")) };
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly line: number; // its last, from 1
}

function records(content: Uint8Array, subject: string, delimiter: string): readonly CsvRecord[] {
  const lines: number[] = [];
  try {
    const parsed = parse(content, {
      bom: true,
      delimiter,
      skip_empty_lines: true,
      trim: true,
      on_record(record: string[], { lines: line }) {
        lines.push(line);
        return record;
      },
    });
    return parsed.map((record, i) => ({ record, line: lines[i] ?? Number.NaN }));
  } catch (cause) {
    return reject(subject, "must be csv with as many cells in every line", String(cause));
  }
}

function findLabelColumn(header: readonly string[], subject: string, wanted: string | undefined): number {
  const names = wanted === undefined ? LABEL_COLUMNS : [wanted];
  const at = header.findIndex((name) => names.includes(name));
  if (at === -1) {
    reject(
      subject,
      `must have a column of labels called ${names.join(", ")}`,
      header.join(", "),
      "name it with the labelColumn option",
    );
  }
  return at;
}

/** Numbers when all of them are; words otherwise. */
function labelsOf(cells: readonly string[]): readonly (number | string)[] {
  return cells.every((cell) => NUMBER.test(cell)) ? cells.map(Number) : cells;
}
