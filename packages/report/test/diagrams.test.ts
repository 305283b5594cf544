/** @file Diagrams say what the graphs say, at any width; their claims hold on the real graphs and fail on others. */
import type { Result } from "@linear-probes/bench";
import { expect, test } from "vitest";
import { type Claim, judgeClaim } from "../src/claim.ts";
import { claims as fig02 } from "../src/claims/fig02-probes.ts";
import { claims as fig04 } from "../src/claims/fig04-convnet-graph.ts";
import { claims as fig06 } from "../src/claims/fig06-helped-networks.ts";
import { layoutOf, PROBE_REACH } from "../src/diagram/layout.ts";
import { diagramOf, withGaps } from "../src/points/model-graphs.ts";
import { modelGraphsResult } from "./fixtures/model-graphs.ts";

const verdicts = (claims: readonly Claim[], result: Result) => claims.map((claim) => judgeClaim(claim, result).verdict);
const real = modelGraphsResult();

test("the claims hold on the graphs of the models, and not on others", () => {
  expect([fig02, fig04, fig06].flatMap((claims) => verdicts(claims, real))).toEqual(Array(4).fill("reproduced"));
  const without = (drop: (row: Result["rows"][number]) => boolean): Result => ({
    ...real,
    rows: real.rows.filter((row) => !drop(row)),
  });
  const blind = {
    ...real,
    rows: real.rows.map((row) => (row["name"] === "layer_2" ? { ...row, tapped: false } : row)),
  };
  expect(
    verdicts(
      fig04,
      without((row) => row["to"] === "conv2_preact"),
    ),
  ).toEqual(["not reproduced"]);
  expect(
    verdicts(
      fig06,
      without((row) => row["from"] === "layer_0" && row["to"] === "layer_64_inputs"),
    )[1],
  ).toBe("not reproduced");
  expect(
    verdicts(
      fig06,
      without((row) => row["logits"] === "layer_8_classifier"),
    )[0],
  ).toBe("not reproduced");
  expect(blind.rows).not.toEqual(real.rows);
});

test("gaps keep both ends, the skip and its neighbours, and every layer is in exactly one place", () => {
  const whole = diagramOf(real.rows, "fig06b");
  const { nodes, edges } = withGaps(whole);
  const shown = ["0", "1", "2", "3–62", "63", "64", "65", "66–126", "127", "128", "logits"];
  expect(nodes.map(({ label }) => label)).toEqual(shown);
  expect(edges).toContainEqual(["layer_0", "layer_64"]);
  const covered = nodes.reduce((sum, { label, role }) => {
    const [from, to] = label.split("–").map(Number);
    return sum + (role === "gap" ? (to ?? 0) - (from ?? 0) + 1 : 1);
  }, 0);
  expect(covered).toBe(whole.nodes.length);
});

test.each([358, 520, 1080])("%d px: every box lies inside, none on another, arrows end at boxes", (width) => {
  for (const name of ["fig02", "fig04", "fig06a", "fig06b"]) {
    const diagram = withGaps(diagramOf(real.rows, name));
    const { nodes, arrows, box, guide, height, towardsProbe } = layoutOf(diagram, { width, cell: 62 });
    const main = nodes.filter(({ node }) => node.role !== "guide");
    for (const { x, y } of main) {
      expect(x - box.width / 2).toBeGreaterThanOrEqual(0);
      expect(x + box.width / 2).toBeLessThanOrEqual(width);
      expect(y + box.height / 2).toBeLessThanOrEqual(height);
    }
    for (const [i, a] of main.entries())
      for (const b of main.slice(i + 1))
        expect(Math.abs(a.y - b.y) >= box.height || Math.abs(a.x - b.x) >= box.width, name).toBe(true);
    for (const { x, y } of nodes.filter(({ node }) => node.tapped)) {
      const [probeX, probeY] = [
        x + towardsProbe[0] * (box.width / 2 + PROBE_REACH),
        y + towardsProbe[1] * (box.height / 2 + PROBE_REACH),
      ];
      expect(probeX <= width && probeY >= 0, name).toBe(true);
    }
    // Every arrow of the graph is there, and goes from the edge of a box to the edge of a box.
    expect(arrows.length).toBe(diagram.edges.length);
    for (const [at, { path }] of arrows.entries()) {
      for (const [x, y] of path) {
        expect(x >= 0 && x <= width, name).toBe(true);
        expect(y >= 0 && y <= height, name).toBe(true);
      }
      for (const [end, point] of [path[0], path.at(-1)].entries()) {
        const place = nodes.find(({ node }) => node.name === diagram.edges[at]?.[end]);
        if (place === undefined || point === undefined) throw new Error(`${name}: an arrow must have ends`);
        const own = place.node.role === "guide" ? guide : box;
        const [dx, dy] = [Math.abs(point[0] - place.x) - own.width / 2, Math.abs(point[1] - place.y) - own.height / 2];
        expect(Math.abs(Math.max(dx, dy)), `${name}, ${place.node.name}`).toBeLessThan(0.01);
      }
    }
  }
});
