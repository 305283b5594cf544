/** @file Figure 6 of Alain & Bengio (2016), a network with auxiliary classifiers and one with a skip connection, drawn from the layer graphs themselves. */
import { claims } from "../claims/fig06-helped-networks.ts";
import { diagramFigure } from "../diagram/diagram-figure.ts";

export const fig06HelpedNetworks = diagramFigure({
  id: "fig06-helped-networks",
  label: "Figure 6",
  title: "Two ways to help a deep network",
  drawn: [
    { id: "guides", diagram: "fig06a", title: "(a) 16 layers, a guide at every 4", cell: 56 },
    {
      id: "skip",
      diagram: "fig06b",
      title: "(b) 128 layers, a skip from the input to the middle",
      cell: 62,
    },
  ],
  caption:
    "Probes (blue) beside their layers behind diodes, helpers in orange. (a) The network of figure 7 in small: auxiliary " +
    "classifiers, called guides, whose losses are added to the model’s. (b) The network of figure 8: layer 64 reads the " +
    "input besides layer 63. Long stretches of equal layers are drawn as dots; every layer has its probe. Both are drawn " +
    "from graphs made by the function that makes the trained ones.",
  claims,
});
