/** @file Figure 2 of Alain & Bengio (2016), probes on every layer of a network, drawn from the layer graphs themselves. */
import { claims } from "../claims/fig02-probes.ts";
import { diagramFigure } from "../diagram/diagram-figure.ts";

export const fig02Probes = diagramFigure({
  id: "fig02-probes",
  label: "Figure 2",
  title: "Probes look on and leave no trace",
  drawn: [
    {
      id: "network",
      diagram: "fig02",
      title: "A network with a probe at every layer",
      cell: 100,
    },
  ],
  caption:
    "A network of a few layers with a probe (blue) at the input and at every layer. The diode on each probe’s arrow is " +
    "the paper’s sign that no gradient passes back: training with and without probes gives the same weights, bit for bit, " +
    "which the tests of this project check. Boxes are the outputs of layers; what a layer does besides, such as its matrix " +
    "product, is drawn into the arrow.",
  claims,
});
