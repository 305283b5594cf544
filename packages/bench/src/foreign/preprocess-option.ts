/** @file `--preprocess`: the name of a preset, a JSON object, or a file that holds one. */
import { existsSync, readFileSync } from "node:fs";
import { reject } from "@linear-probes/core";
import { type Preprocess, preprocessPresets } from "@linear-probes/models";
import { z } from "zod";

/** A preprocessing whose layout, where it is not declared, follows the model's input. */
export type PreprocessChoice = Omit<Preprocess, "layout"> & { readonly layout?: Preprocess["layout"] };

const side = z.int().positive();
const method = z.enum(["bilinear-antialias", "bilinear-tf1"]).default("bilinear-antialias");
const geometry = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("resize-shorter"), size: side, method }),
  z.strictObject({ step: z.literal("resize"), height: side, width: side, method }),
  z.strictObject({ step: z.literal("crop"), height: side, width: side }),
  z.strictObject({ step: z.literal("crop-fraction"), fraction: z.number().gt(0).lte(1) }),
]);
const declared = z.strictObject({
  geometry: z.array(geometry).default([]),
  scale: z.number().default(1 / 255),
  mean: z.array(z.number()).min(1).default([0]),
  std: z.array(z.number().positive()).min(1).default([1]),
  channels: z.enum(["RGB", "BGR"]).default("RGB"),
  layout: z.enum(["channels-first", "channels-last"]).optional(),
});

/** Bytes to [0, 1] and nothing else, in the layout of the model. */
export const plainPixels: PreprocessChoice = declaredBy({}, "preprocess");

export function parsePreprocess(text: string): PreprocessChoice {
  if (text === "none") return plainPixels;
  if (Object.hasOwn(preprocessPresets, text)) return preprocessPresets[text] ?? plainPixels;
  const json = text.trimStart().startsWith("{") ? text : existsSync(text) ? readFileSync(text, "utf8") : undefined;
  if (json === undefined)
    return reject("preprocess", `must be ${Object.keys(preprocessPresets).join(", ")}, JSON or a file of it`, text);
  return declaredBy(parsedJson(json), "preprocess");
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return reject("preprocess", "must be JSON", error instanceof Error ? error.message : "unreadable");
  }
}

function declaredBy(value: unknown, subject: string): PreprocessChoice {
  const parsed = declared.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return reject([subject, ...(issue?.path ?? [])].join("."), "must be as documented", issue?.message ?? "else");
  }
  const { layout, ...rest } = parsed.data;
  return { ...rest, ...(layout === undefined ? {} : { layout }) };
}
