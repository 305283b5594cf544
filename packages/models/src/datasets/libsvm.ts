/**
 * @file LIBSVM's text format (Chang & Lin 2011): one row a line, "label index:value index:value …", indices from 1 and
 * ascending, what is not named is zero, "#" begins a comment. Read into dense float32.
 */
import { reject } from "@linear-probes/core";

export interface LibsvmRows {
  readonly inputs: Float32Array; // X [n, d], row-major
  readonly labels: Int32Array; // y [n], 0..classes-1
  readonly cols: number; // d
  readonly classes: number; // k
  /** What the file called each class, ascending: class c is labelValues[c]. */
  readonly labelValues: readonly number[];
}

export interface LibsvmOptions {
  /** d, where known: a file may end before its last column is ever named. Default: the greatest index. */
  readonly cols?: number;
  /** The classes, where known (a test file may lack some). Default: those in the file. */
  readonly labelValues?: readonly number[];
  /** Refuses more dense values than this. Default 2^29 (2 GiB). */
  readonly mostValues?: number;
}

interface SparseRows {
  readonly labels: number[];
  readonly starts: number[]; // of each row in indices and values
  readonly indices: number[]; // from 0
  readonly values: number[];
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INDEX = /^[1-9]\d{0,8}$/;

/** `subject` names the file in errors, which also name the line. */
export function readLibsvm(content: Uint8Array, subject: string, options: LibsvmOptions = {}): LibsvmRows {
  const sparse = parseLines(content, subject);
  const n = sparse.labels.length;
  if (n === 0) reject(subject, "must have at least one row", "none");
  const greatest = sparse.indices.reduce((most, index) => Math.max(most, index + 1), 0);
  const cols = options.cols ?? greatest;
  if (!(cols >= 1 && cols >= greatest)) reject(subject, `cols must be at least ${Math.max(1, greatest)}`, cols);
  const most = options.mostValues ?? 2 ** 29;
  if (!(n * cols <= most)) {
    reject(subject, `dense size must be at most ${most} values`, `${n} × ${cols}`, "take fewer rows or columns");
  }
  const labelValues = options.labelValues ?? [...new Set(sparse.labels)].sort((a, b) => a - b);
  return {
    inputs: dense(sparse, cols),
    labels: classNumbers(sparse.labels, labelValues, subject),
    cols,
    classes: labelValues.length,
    labelValues,
  };
}

function parseLines(content: Uint8Array, subject: string): SparseRows {
  const rows: SparseRows = { labels: [], starts: [0], indices: [], values: [] };
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline;
    parseLine(bytes.toString("latin1", start, end), rows, `${subject}, line ${line}`);
    start = end + 1;
  }
  return rows;
}

function parseLine(line: string, rows: SparseRows, subject: string): void {
  const [label, ...entries] = line
    .split("#", 1)
    .join("")
    .trim()
    .split(/[ \t]+/);
  if (label === undefined || label === "") return;
  rows.labels.push(finite(label, subject, "label"));
  let previous = 0;
  for (const entry of entries) {
    const colon = entry.indexOf(":");
    const index = entry.slice(0, colon);
    if (colon === -1 || !INDEX.test(index)) reject(subject, "must be index:value, index from 1", entry);
    if (!(Number(index) > previous)) reject(subject, `indices must ascend, after ${previous}`, entry, "sort them");
    previous = Number(index);
    rows.indices.push(previous - 1);
    rows.values.push(finite(entry.slice(colon + 1), subject, `value of index ${index}`));
  }
  rows.starts.push(rows.indices.length);
}

/** A finite float32. */
function finite(text: string, subject: string, what: string): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(Math.fround(value))) reject(subject, `${what} must be a finite number`, text);
  return value;
}

function dense({ labels, starts, indices, values }: SparseRows, cols: number): Float32Array {
  const inputs = new Float32Array(labels.length * cols);
  for (let row = 0; row < labels.length; row++) {
    for (let e = starts[row]!; e < starts[row + 1]!; e++) inputs[row * cols + indices[e]!] = values[e]!;
  }
  return inputs;
}

function classNumbers(labels: readonly number[], labelValues: readonly number[], subject: string): Int32Array {
  const classOf = new Map(labelValues.map((value, index) => [value, index]));
  return Int32Array.from(
    labels,
    (label, row) =>
      classOf.get(label) ??
      reject(`${subject}, row ${row + 1}`, `label must be one of ${labelValues.join(" ")}`, label),
  );
}
