/** @file Figure 4 of Alain & Bengio (2016), the MNIST convnet with all its taps, drawn from the layer graphs themselves. */
import { claims } from "../claims/fig04-convnet-graph.ts";
import { diagramFigure } from "../diagram/diagram-figure.ts";

export const fig04ConvnetGraph = diagramFigure({
  id: "fig04-convnet-graph",
  label: "Figure 4",
  title: "The convnet of figure 5, and where it is probed",
  drawn: [
    {
      id: "convnet",
      diagram: "fig04",
      title: "The convnet, with a probe at each of its taps",
      cell: 84,
    },
  ],
  caption:
    "TensorFlow’s convolutional network for MNIST, drawn from the very graph that is trained for figure 5: two " +
    "convolutions, each with a ReLU and a pooling, and two fully connected layers. Probes (blue) stand on both sides of " +
    "each convolution, activation and pooling; the diodes say that they do not touch the training. Dropout and flattening " +
    "are drawn into the arrows. Sizes are in the table.",
  claims,
});
