/** @file Escaping, numbers, CSV, text widths and statistics, on known values. */
import { expect, test } from "vitest";
import { csv } from "../src/csv.ts";
import { count, duration, percent, significant, unbroken } from "../src/format.ts";
import { html, scriptJson } from "../src/html.ts";
import { mean, quantile, standardError } from "../src/statistics.ts";
import { textWidth } from "../src/text-width.ts";

test("what is interpolated is escaped, markup and lists of it are not", () => {
  const evil = `<img src=x onerror="a('b')">&`;
  expect(html`<b title="${evil}">${evil}</b>`.markup).toBe(
    '<b title="&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;">&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;</b>',
  );
  expect(html`${["<", html`&lt;`, 1, undefined]}`.markup).toBe("&lt;&lt;1");
});

test("JSON cannot end its script element", () => {
  const value = { a: "</script><script>alert(1)</script>" };
  const { markup } = scriptJson(value);
  expect(markup).not.toContain("<");
  expect(JSON.parse(markup)).toEqual(value);
});

test("numbers as people read them", () => {
  expect(percent(0.0123)).toBe("1.23\u00a0%");
  expect([0, 0.0123456, 1e-7, 1234.5, 2.5e9].map((value) => significant(value))).toEqual([
    "0",
    "0.0123",
    "1×10⁻⁷",
    "1230",
    "2.5×10⁹",
  ]);
  expect([859, 8593, 1234567].map(count)).toEqual(["859", "8,593", "1,234,567"]);
  expect([12.34, 59.96, 412.3, 119.7].map(duration)).toEqual([
    "12.3\u00a0s",
    "60.0\u00a0s",
    "6\u00a0min\u00a052\u00a0s",
    "2\u00a0min\u00a00\u00a0s",
  ]);
  expect(unbroken("from 8 % to 2 %")).toBe("from 8\u00a0% to 2\u00a0%");
});

test("CSV quotes what must be quoted and keeps full precision", () => {
  const table = {
    columns: [
      { key: "name", title: "Name" },
      { key: "value", title: "Value", format: (value: number) => value.toFixed(1) },
    ],
    rows: [
      { name: 'a,"b"', value: 0.123456789 },
      { name: "c", value: null },
    ],
  };
  expect(csv(table)).toBe('name,value\r\n"a,""b""",0.123456789\r\nc,\r\n');
});

test("text widths are those of the Adobe Font Metrics of Helvetica", () => {
  expect(textWidth("Hamburgefonstiv", 1000)).toBe(
    722 + 556 + 833 + 556 + 556 + 333 + 556 + 556 + 278 + 556 + 556 + 500 + 278 + 222 + 500,
  );
  expect(textWidth("é", 10)).toBeCloseTo(5.56, 12);
});

test("statistics: mean, standard error, and quantiles of type 7 (R: quantile(1:4, c(.025, .5, 1)))", () => {
  expect(mean([1, 2, 3, 4])).toBe(2.5);
  expect(standardError([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 3) / 2, 14);
  expect(standardError([1])).toBeNull();
  expect([0.025, 0.5, 1].map((p) => quantile([4, 2, 1, 3], p))).toEqual([1.075, 2.5, 4]);
  expect(() => quantile([1], Number.NaN)).toThrow("quantile: order must be in [0, 1], got NaN");
  expect(() => mean([])).toThrow("mean: needs at least one value, got 0");
});
