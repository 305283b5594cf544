/** @file What the paper says of the film of figure 7 (Alain & Bengio 2016, section 3.4, second observation). */
import type { Claim } from "../claim.ts";
import { rippleClaim } from "./ripple.ts";

export const claims: readonly Claim[] = [rippleClaim("section 3.4, second observation, of the videos", 4)];
