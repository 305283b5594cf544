/**
 * @file Colours and measures, once for the page and for the figures.
 *
 * Figures name colours as CSS variables, so that one SVG serves light and dark; a downloaded SVG gets the light values
 * ({@link withColors}). Series colours are from Okabe & Ito (2008), told apart by people with any colour vision; shape
 * and dash repeat what colour says.
 */
import type { Config } from "vega-lite";

interface Shade {
  readonly light: string;
  readonly dark: string;
}

const palette = {
  ground: { light: "#ffffff", dark: "#14171c" }, // page, and the inside of hollow markers
  raised: { light: "#f5f6f8", dark: "#1d2128" },
  ink: { light: "#1b1f24", dark: "#e8eaed" },
  soft: { light: "#59616b", dark: "#a5adb8" }, // captions, axes
  line: { light: "#d5d9de", dark: "#363c45" },
  grid: { light: "#e9ecef", dark: "#272c34" },
  link: { light: "#005a9c", dark: "#7cc4f5" },
  good: { light: "#00664b", dark: "#3fc79d" },
  bad: { light: "#a84300", dark: "#ff9d5c" },
  mixed: { light: "#8a3d68", dark: "#e3a0c4" },
  alarm: { light: "#7a2e00", dark: "#ffd9bf" },
  alarmGround: { light: "#ffe9db", dark: "#4a2410" },
  series1: { light: "#0072b2", dark: "#56b4e9" }, // blue, sky blue
  series2: { light: "#d55e00", dark: "#e69f00" }, // vermillion, orange
  series3: { light: "#009e73", dark: "#1fc297" }, // bluish green
  series4: { light: "#a6761d", dark: "#d9b75a" }, // ochre
  series5: { light: "#c2318f", dark: "#f08bc8" }, // pink
  series6: { light: "#5b4fa8", dark: "#b3a7f5" }, // violet
  target: { light: "#8a3d68", dark: "#cc79a7" }, // reddish purple: what the paper says
} as const satisfies Readonly<Record<string, Shade>>;

export type ColorName = keyof typeof palette;

export function color(name: ColorName): string {
  return `var(--${name})`;
}

/** Declarations for a style sheet. */
export function cssVariables(theme: "light" | "dark"): string {
  const names = Object.keys(palette).filter((name): name is ColorName => name in palette);
  return names.map((name) => `--${name}:${palette[name][theme]}`).join(";");
}

/** Replaces the variables by the values of the light theme, for use outside the page. */
export function withColors(svg: string): string {
  const shades: Readonly<Record<string, Shade>> = palette;
  return svg.replaceAll(/var\(--(\w+)\)/g, (whole, name: string) => shades[name]?.light ?? whole);
}

/** Set only fonts that every measure agrees on: Helvetica and its metric twins come first wherever they exist. */
export const fontFamily = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", Roboto, sans-serif';

/** px; a wide page gives figures this much, a telephone of 390 px that much. */
export const figureWidth = { wide: 1080, gap: 40, narrow: 358 } as const;

export const vegaConfig: Config = {
  aria: false, // the figure is one image with a description, and a table beside it
  background: "transparent",
  font: fontFamily,
  padding: { left: 0, right: 8, top: 4, bottom: 4 },
  view: { stroke: null },
  axis: {
    domainColor: color("line"),
    gridColor: color("grid"),
    labelColor: color("soft"),
    labelFontSize: 12,
    labelPadding: 6,
    tickColor: color("line"),
    titleColor: color("soft"),
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 8,
  },
  axisX: { grid: false },
  axisY: { domain: false, ticks: false },
  legend: {
    labelColor: color("ink"),
    labelFontSize: 12,
    labelLimit: 0,
    orient: "top",
    padding: 0,
    offset: 12,
    symbolSize: 60,
    title: null,
    rowPadding: 4,
    columnPadding: 24,
  },
  text: { color: color("soft"), fontSize: 12 },
};
