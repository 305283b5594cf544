/**
 * @file The film of figure 5 of Alain & Bengio (2016), section 3.4's video: test error of probes at ten taps of the convnet
 * while it trains, and the step at which each tap becomes readable.
 */
import type { Result } from "@linear-probes/bench";
import { claims } from "../claims/fig05-film.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { filmSpec, rippleSpec, stepAxis } from "../film.ts";
import { count, percent, significant } from "../format.ts";
import { crossings, frames, type TapFrame, thresholds } from "../points/fig05-film.ts";
import { stepsOf } from "../points/frames.ts";
import { describeSettings } from "../settings.ts";
import { errorDomain, logErrorAxis, tapPosition } from "../tap-chart.ts";

export const fig05Film: FigureDefinition = {
  id: "fig05-film",
  label: "Figure 5, film",
  title: "The convnet’s layers while it trains",
  source: "fig05-film",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const all = frames(rows);
  const started = all.filter(({ depth, step }) => depth > 0 && step > 0);
  const warm = started.filter((point) => point.warm).length;
  const columns = Math.max(0, ...all.map((point) => point.columns));
  const sizes = describeSettings(run.settings, [
    ["film.images", "images the film’s probes are fitted to", count],
    ["film.testImages", "test images", count],
    ["film.strength", "l2 over the total variance of the features", significant],
    ["film.relativeGap", "relative gap at most", significant],
  ]);
  return (
    `Certified probes at ${stepsOf(all).length} moments of the very training that figure 5 shows both ends of, closest ` +
    `together at its start; ${warm} of ${started.length} fits started from the frame before. The slider (arrow keys too) ` +
    `moves through the moments, and the broken lines are the first and the last. Errors lie above figure 5’s, since the ` +
    `probes see fewer images, one strength of the penalty, and of wide taps ${count(columns)} random features, the same at ` +
    `every moment, as the paper’s later version does. Beside it, the step at which each tap first errs so little.${sizes}`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const all = frames(rows);
  const steps = stepsOf(all);
  const crossed = new Map(thresholds.map((threshold) => [threshold, crossings(all, threshold)]));
  const drawn = all.map(({ step, tap, depth, testError }) => ({ step, tap, depth, testError }));
  const taps = [...new Set(all.map(({ tap }) => tap))];
  const names = (crossed.get(thresholds[1]) ?? []).map(({ tap, step }) => `${tap} at step ${step}`);
  return [
    {
      id: "film",
      title: "Test error (log scale) by tap, frame by frame",
      share: 0.55,
      probes: false,
      film: { param: "fig05_frame", frames: steps.length },
      description: `Line chart of test error by tap with a slider for the training step, from ${steps[0] ?? 0} to ${steps.at(-1) ?? 0}.`,
      spec: (size) => {
        const domain = errorDomain(all.map(({ testError }) => testError));
        return filmSpec(drawn, size, {
          param: "fig05_frame",
          position: tapPosition(size.narrow, logErrorAxis("testError", domain, size.narrow)),
          ...shape(size),
        });
      },
    },
    {
      id: "ripple",
      title: "Step at which a tap becomes readable",
      share: 0.45,
      probes: false,
      description:
        `Line chart of the step at which each tap’s probe first errs at most so much. At most ${percent(thresholds[1], 0)}: ` +
        `${names.length === 0 ? "none" : names.join(", ")}.`,
      spec: (size) =>
        rippleSpec(crossed, size, {
          param: "fig05_crossing",
          position: tapPosition(size.narrow, stepAxis(steps.at(-1) ?? 1, "symlog"), taps),
          ...shape(size),
        }),
    },
  ];
}

const shape = ({ narrow }: PanelSize) => ({ height: narrow ? 380 : 400, ...(narrow ? { order: "depth" } : {}) });

function table({ rows }: Result): Table {
  return {
    columns: [
      { key: "step", title: "step" },
      { key: "tap", title: "tap" },
      { key: "testError", title: "test error", format: percent },
      { key: "trainError", title: "train error", format: percent },
      { key: "columns", title: "features seen", format: count },
      { key: "gapNats", title: "gap (nats)", format: significant },
      { key: "certified", title: "certified" },
      { key: "warm", title: "started warm" },
      { key: "passes", title: "passes", format: (value) => String(Number(value.toFixed(1))) },
    ],
    rows: frames(rows) satisfies readonly TapFrame[],
  };
}
