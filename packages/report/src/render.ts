/** @file Vega-Lite → Vega → SVG text, in Node, without a canvas. */
import { parse, type Spec, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { measureTextWithoutCanvas } from "./text-width.ts";
import { vegaConfig } from "./theme.ts";

/** Adds what every figure shares. */
export function themed(spec: TopLevelSpec): TopLevelSpec {
  return { $schema: "https://vega.github.io/schema/vega-lite/v6.json", config: vegaConfig, ...spec };
}

/** Compiles a specification that {@link themed} completed. A warning of the compiler is an error: it hides a mistake. */
export function compileSpec(spec: TopLevelSpec): Spec {
  const warnings: string[] = [];
  const logger = {
    level: () => logger,
    error: (...messages: readonly string[]) => (warnings.push(...messages), logger),
    warn: (...messages: readonly string[]) => (warnings.push(...messages), logger),
    info: () => logger,
    debug: () => logger,
  };
  const compiled = compile(spec, { logger });
  if (warnings.length > 0) throw new Error(`vega-lite: must compile without warnings, got ${warnings.join("; ")}`);
  return compiled.spec;
}

export async function renderSvg(compiled: Spec): Promise<string> {
  return withView(compiled, (view) => view.toSVG());
}

/** The drawing for each value 0 .. frames-1 of the parameter `param`. */
export async function renderFrames(compiled: Spec, param: string, frames: number): Promise<readonly string[]> {
  return withView(compiled, async (view) => {
    const svgs: string[] = [];
    for (let frame = 0; frame < frames; frame++) svgs.push(await view.signal(param, frame).toSVG());
    return svgs;
  });
}

async function withView<T>(compiled: Spec, draw: (view: View) => Promise<T>): Promise<T> {
  measureTextWithoutCanvas();
  const view = new View(parse(compiled), { renderer: "none" });
  try {
    return await draw(view);
  } finally {
    view.finalize();
  }
}
