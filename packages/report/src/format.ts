/** @file Numbers as people read them. Full precision stays in the CSV. */

const nbsp = "\u00a0";

/** 0.0123 → "1.23 %". */
export function percent(fraction: number, digits = 2): string {
  return `${(100 * fraction).toFixed(digits)}${nbsp}%`;
}

/** Three significant digits, without idle zeros; powers of ten only where plain digits would be unreadable. */
export function significant(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  if (size === 0 || (size >= 1e-3 && size < 1e6)) return String(rounded);
  const [digits = "", exponent = ""] = rounded.toExponential().split("e");
  return `${digits}×10${superscript(exponent)}`;
}

function superscript(exponent: string): string {
  const signs: Readonly<Record<string, string>> = { "+": "", "-": "⁻" };
  return exponent.replaceAll(/./g, (character) => signs[character] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(character)] ?? character);
}

/** 8593 → "8,593". */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** 412.3 → "6 min 52 s"; 12.34 → "12.3 s". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)}${nbsp}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}${nbsp}min${nbsp}${whole % 60}${nbsp}s`;
}

/** Keeps a number and its percent sign on one line. */
export function unbroken(text: string): string {
  return text.replaceAll(/(\d) %/g, `$1${nbsp}%`);
}
