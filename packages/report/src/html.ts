/** @file HTML by tagged template: whatever is interpolated is escaped, unless it is itself {@link Html}. */

/** Markup that is known to be safe: written here, or made of escaped text. */
export interface Html {
  readonly markup: string;
}

export type HtmlValue = string | number | Html | undefined | readonly HtmlValue[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Builds markup. Attribute values must be quoted in the template. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { markup: parts.map((part, i) => part + (i < values.length ? markupOf(values[i]) : "")).join("") };
}

/** Vouches for markup made elsewhere (Vega's SVG, our own style sheet). Never for text that came from rows. */
export function trusted(markup: string): Html {
  return { markup };
}

/** JSON for a `<script type="application/json">`: no `<` can end the element early. */
export function scriptJson(value: object): Html {
  return { markup: JSON.stringify(value).replaceAll("<", "\\u003c") };
}

function markupOf(value: HtmlValue): string {
  if (value === undefined) return "";
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  if (isList(value)) return value.map(markupOf).join("");
  return value.markup;
}

// Array.isArray does not narrow readonly arrays.
function isList(value: Html | readonly HtmlValue[]): value is readonly HtmlValue[] {
  return Array.isArray(value);
}
