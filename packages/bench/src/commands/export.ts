/** @file `probes export`: architectures and trained checkpoints as ONNX files, for Netron, onnxruntime and `probes probe`. */
import { rootStream, reject, sha256, writeFileAtomic } from "@linear-probes/core";
import type { Command, Option } from "commander";
import type { LayerGraph } from "@linear-probes/models";
import type { Effects } from "../effects.ts";
import { bytesText } from "../bytes-text.ts";
import { textTable } from "../table.ts";
import { positiveInteger } from "./arguments.ts";

interface ExportFlags {
  readonly out?: string;
  readonly weights?: string;
  readonly classes?: number;
  readonly depth: number;
  readonly width: number;
  readonly auxEvery?: number;
  readonly skipTo?: number;
  readonly seed: string;
  readonly store: string;
}

interface Exported {
  readonly bytes: Uint8Array;
  readonly name: string; // of the file, when none is asked for
  readonly about: string;
}

type ExportEffects = Pick<Effects, "log">;

/** Adds the command to `program`. */
export function exportCommand(
  program: Command,
  shared: { readonly seed: Option; readonly storeFolder: Option },
  effects: ExportEffects,
): void {
  program
    .command("export")
    .description("write an architecture, or a checkpoint that training left in the store, as an ONNX file")
    .argument(
      "[what]",
      "mnist-convnet, inception-cifar, deep-mlp, inception-v3, or the id of a checkpoint; without it, the checkpoints are listed",
    )
    .option("-o, --out <file>", "the ONNX file (default: named after what it holds, here)")
    .option("--weights <file>", "inception-v3: torchvision's state dict as .safetensors or .npz (else seeded weights)")
    .option("--classes <n>", "inception-v3: classes of seeded weights (default: 1000)", positiveInteger)
    .option("--depth <n>", "deep-mlp: layers", positiveInteger, 128)
    .option("--width <n>", "deep-mlp: units of a layer", positiveInteger, 128)
    .option("--aux-every <n>", "deep-mlp: an auxiliary classifier on every so manieth layer", positiveInteger)
    .option("--skip-to <n>", "deep-mlp: the layer that reads layer 0 besides the one before it", positiveInteger)
    .addOption(shared.seed)
    .addOption(shared.storeFolder)
    .action(async (what: string | undefined, flags: ExportFlags) => {
      process.exitCode = await exportModel(what, flags, effects);
    });
}

async function exportModel(what: string | undefined, flags: ExportFlags, { log }: ExportEffects): Promise<number> {
  if (what === undefined) return list(flags.store, log);
  const { bytes, name, about } = await exported(what, flags);
  const path = flags.out ?? name;
  writeFileAtomic(path, bytes);
  log(about);
  log(`${path}: ${bytesText(bytes.byteLength)}, sha256 ${sha256(bytes)}`);
  return 0;
}

async function list(store: string, log: (line: string) => void): Promise<number> {
  const { storedCheckpoints } = await import("../stored-checkpoints.ts"); // heavy, as the models are
  const rows = storedCheckpoints(store).map(({ id, graph, step, stream }) => [id, graph.name, step, stream]);
  if (rows.length === 0) log(`no checkpoints in ${store}; \`probes reproduce\` leaves some`);
  else for (const line of textTable(["checkpoint", "architecture", "step", "stream"], rows)) log(line);
  return 0;
}

async function exported(what: string, flags: ExportFlags): Promise<Exported> {
  const { deepMlp, exportOnnx, inceptionCifar, inceptionV3, initialParameters, mnistConvnet, publishedInceptionV3 } =
    await import("@linear-probes/models");
  const stream = rootStream(flags.seed).split("export").split(what);
  const seeded = (graph: LayerGraph): Exported => ({
    bytes: exportOnnx(graph, initialParameters(graph, stream)),
    name: `${what}.onnx`,
    about: `${what}: untrained weights of seed ${flags.seed}`,
  });
  switch (what) {
    case "mnist-convnet":
      return seeded(mnistConvnet.build());
    case "inception-cifar":
      return seeded(inceptionCifar.build());
    case "deep-mlp": {
      const { depth, width, auxEvery, skipTo } = flags;
      const extra = { ...(auxEvery !== undefined && { auxEvery }), ...(skipTo !== undefined && { skipTo }) };
      return seeded(deepMlp({ depth, width, inputs: 784, classes: 10, ...extra }).build());
    }
    case "inception-v3": {
      const { weights, classes } = flags;
      if (weights === undefined)
        return {
          bytes: inceptionV3({ stream, ...(classes !== undefined && { classes }) }),
          name: "inception-v3.onnx",
          about: `inception-v3: untrained weights of seed ${flags.seed}`,
        };
      const published = publishedInceptionV3(weights);
      if (classes !== undefined && classes !== published.classes)
        reject("classes", `must be the ${published.classes} of the weights`, classes);
      return {
        bytes: published.bytes,
        name: "inception-v3.onnx",
        about:
          `inception-v3: ${published.tensors} tensors of ${weights}, sha256 ${published.sha256}, ${published.classes} ` +
          `classes, ${published.auxiliary ? "with" : "without"} its auxiliary head; ` +
          `inputs as \`--preprocess torchvision-inception\` makes them`,
      };
    }
    default:
      return checkpoint(what, flags.store);
  }
}

async function checkpoint(id: string, store: string): Promise<Exported> {
  const { storedCheckpoints } = await import("../stored-checkpoints.ts");
  const { exportOnnx } = await import("@linear-probes/models");
  const all = storedCheckpoints(store);
  const [found, ...more] = all.filter((one) => one.id.startsWith(id));
  if (found === undefined || more.length > 0)
    return reject(
      "export",
      "must be mnist-convnet, inception-cifar, deep-mlp, inception-v3 or the id of one checkpoint",
      id,
      `\`probes export\` lists the ${all.length} checkpoints there are`,
    );
  const { graph, parameters, step, stream } = found;
  return {
    bytes: exportOnnx(graph, parameters),
    name: `${graph.name}-step-${step}.onnx`,
    about: `${graph.name} after ${step} steps, trained with the stream ${stream}`,
  };
}
