/** @file The film of figure 7 of Alain & Bengio (2016). */
import { claims } from "../claims/fig07-film.ts";
import { filmFigure } from "../film-figure.ts";

export const fig07Film = filmFigure({
  id: "fig07-film",
  figure: 7,
  title: "Readability spreads from layer to layer",
  source: "fig07-auxiliary-losses",
  kinds: [
    { key: "auxiliary", label: "with auxiliary losses", color: "series1", shape: "circle", dash: [1, 0] },
    { key: "plain", label: "without", color: "series2", shape: "square", dash: [6, 3] },
  ],
  claims,
});
