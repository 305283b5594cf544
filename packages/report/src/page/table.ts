/** @file A table of numbers as HTML, in a box of its own that scrolls when the page is narrow. */
import type { Cell, Row } from "@linear-probes/core";
import type { Column, Table } from "../figure.ts";
import { html, type Html } from "../html.ts";

export function tableHtml(table: Table, caption: string): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${table.columns.map((column) => html`<th scope="col" class="${kind(table, column)}">${column.title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${table.rows.map(
          (row) =>
            html`<tr>
              ${table.columns.map((column) => html`<td class="${kind(table, column)}">${shown(row, column)}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

function kind(table: Table, { key }: Column): "number" | "text" {
  return table.rows.some((row) => typeof row[key] === "string" || typeof row[key] === "boolean") ? "text" : "number";
}

function shown(row: Row, { key, format }: Column): string {
  const cell: Cell = row[key] ?? null;
  if (cell === null) return "–";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return typeof cell === "number" && format !== undefined ? format(cell) : String(cell);
}
