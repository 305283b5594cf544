/** @file The film of figure 8 of Alain & Bengio (2016). */
import { claims } from "../claims/fig08-film.ts";
import { filmFigure } from "../film-figure.ts";

export const fig08Film = filmFigure({
  id: "fig08-film",
  figure: 8,
  title: "The second half learns, the first stays as it was",
  source: "fig08-skip-connection",
  kinds: [{ key: "skip", label: "skip from the input to the middle", color: "series1", shape: "circle", dash: [1, 0] }],
  claims,
});
