/**
 * @file Figure 8 of Alain & Bengio (2016) in numbers: the train error of the probe at each of layers 0 to 128, read off a
 * published copy of the figure by step. One pixel is 0.0024; the noise of its compression is about 0.004.
 */
import { reject } from "@linear-probes/core";

/** Thousandths by layer; `889*27` stands for 27 layers in a row. */
const frames: Readonly<Record<number, string>> = {
  0: `
    107 129 150 167 191 221 252 290 328 351 378 418 449 479 522 538 572 609 638 650 654 671 699 718 736
    766 782 804 822 844 856 875 889*32 131 148 172 200 233 273 299 333 363 399 444 486 515 536 572 591
    628 650 654 692 728 744 768 796 827 851 882 889*38`,
  500: `
    90 103 112 124 138 160 183 209 240 257 273 302 321 354 387 414 450 480 516 538 567 591 605 617 636
    666 676 702 725 759 780 804 825 846 865 889*29 101 103 112 117 129 138 150 162 174 182 195 205 219
    226 233 250 254 271 285 299 316 333 344 368 387 401 411 422 439 453 460 465 463 456 446 441 434 432
    427 422 418 413 411 404 399 396 389 387 385 382*2 380*2 378*3 379 380 378*2 380 378 375 378 439`,
  2000: `
    73 77 79 86 93 108 124 143 162 174 186 207 221 243 266 292 311 335 359 373 408 434 460 496 524 572
    593 614 643 683 714 740 766 801 825 844 870 889*27 63 58 53 51 49*3 50 49 51*5 53*3 56 57 58 60 65
    67*3 70 73 72*3 75*2 79 75 79 169 105 160 82 79 72 70 67*6 65*2 67 65 67 65*8 67 65*2 72`,
};

const layers = 129;

/** Noise of reading a bar off the figure. */
export const digitisingNoise = 0.004;

/** How far bars of the same experiment with other draws of weights and images may be from the paper's, in the mean. */
export const barsTolerance = 0.05;

/** Where the paper's bars stand when its probes answer the most frequent digit whatever they see. */
export const digitisedPlateau = 0.889;

/** Error by layer after `step` steps; undefined for steps that the paper does not show. */
export function digitised(step: number): readonly number[] | undefined {
  const text = frames[step];
  if (text === undefined) return undefined;
  const values = text
    .trim()
    .split(/\s+/)
    .flatMap((run) => {
      const [thousandths = "", times = "1"] = run.split("*");
      return Array.from({ length: Number(times) }, () => Number(thousandths) / 1000);
    });
  if (values.length !== layers) reject(`figure 8, step ${step}`, `must have ${layers} values`, values.length);
  return values;
}
