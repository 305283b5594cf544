/** @file peers.py as a subprocess that answers one request at a time; killed and started anew when one takes too long. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const script = fileURLToPath(new URL("peers.py", import.meta.url));

/** Importing PyTorch takes long on a busy machine. */
const START_SECONDS = 240;

const answer = z.union([z.object({ error: z.string() }), z.looseObject({})]);
type Answer = { readonly error: string } | Readonly<Record<string, unknown>>;

export interface PythonServer {
  /** Resolves to `{ error }` when Python failed, or was killed after `limitSeconds`. */
  ask(request: Readonly<Record<string, unknown>>, limitSeconds: number): Promise<Answer>;
  /** Package → version, BLAS and its threads included. */
  readonly versions: Readonly<Record<string, string>>;
  stop(): void;
}

/** All the thread pools a numerical Python may bring, pinned. */
export function pinnedThreads(threads: number): NodeJS.ProcessEnv {
  const names = ["OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR"];
  return { ...process.env, ...Object.fromEntries(names.map((name) => [`${name}_NUM_THREADS`, String(threads)])) };
}

/** A server on `python`, or the reason why there is none. */
export async function startPython(
  python: string,
  threads: number,
): Promise<PythonServer | { readonly missing: string }> {
  try {
    execFileSync(python, ["-c", "import numpy"], { stdio: "ignore" });
  } catch {
    return { missing: `${python} with numpy is not installed` };
  }
  let child: ChildProcessWithoutNullStreams | undefined;
  let lines: AsyncIterableIterator<string> | undefined;
  const start = (): ChildProcessWithoutNullStreams => {
    child = spawn(python, ["-u", script], { env: pinnedThreads(threads) });
    child.stderr.resume(); // warnings; errors come back as answers
    child.stdin.on("error", () => {}); // a child that has died is noticed by its silence
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return child;
  };
  const stop = (): void => {
    child?.kill("SIGKILL");
    child = undefined;
  };
  const ask: PythonServer["ask"] = async (request, limitSeconds) => {
    const running = child ?? start();
    running.stdin.write(`${JSON.stringify(request)}\n`);
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      stop();
    }, limitSeconds * 1000);
    const line = await lines?.next();
    clearTimeout(timer);
    if (line === undefined || line.done === true) {
      stop();
      return { error: killed ? `killed after ${limitSeconds} s` : "Python ended without an answer" };
    }
    return answer.parse(JSON.parse(line.value));
  };
  const found = await ask({ do: "versions" }, START_SECONDS);
  if ("error" in found) return { missing: `${python}: ${String(found["error"])}` };
  const { versions } = z.object({ versions: z.record(z.string(), z.string()) }).parse(found);
  return { ask, versions, stop };
}
