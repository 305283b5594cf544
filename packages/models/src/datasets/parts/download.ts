/** @file Fetches one file from the first mirror that gives acceptable bytes. Writes nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "@linear-probes/core";

export interface DownloadOptions<T> {
  readonly urls: readonly string[]; // mirrors, best first
  readonly maxBytes: number;
  /** Turns bytes into the value wanted; an InputError sends the download on to the next mirror. */
  readonly accept: (bytes: Uint8Array) => T;
  readonly log?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly patience?: Patience | undefined;
}

export interface Patience {
  /** Pauses before the second, third… round over the mirrors. */
  readonly backoffMs: readonly number[];
  /** Gives up on a mirror that is silent for so long. */
  readonly silenceMs: number;
}

const PATIENCE: Patience = { backoffMs: [1_000, 3_000], silenceMs: 15_000 };
const PROGRESS_BYTES = 2 ** 21;

/** Every mirror failed; `message` has one reason per mirror. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
}

/** This mirror will not do better when asked again. */
class MirrorError extends Error {}

/** Asks each mirror in turn, in rounds with pauses between; a mirror that says no for good is not asked again. */
export async function download<T>(options: DownloadOptions<T>): Promise<{ bytes: Uint8Array; value: T }> {
  const { log, signal } = options;
  const { backoffMs, silenceMs } = options.patience ?? PATIENCE;
  const reasons = new Map<string, string>();
  let urls = options.urls;
  for (const pause of [0, ...backoffMs]) {
    if (urls.length === 0) break;
    if (pause > 0) await sleep(pause, undefined, signal === undefined ? {} : { signal });
    const askAgain: string[] = [];
    for (const url of urls) {
      try {
        const bytes = await fetchBytes(url, options, silenceMs);
        return { bytes, value: options.accept(bytes) };
      } catch (cause) {
        signal?.throwIfAborted();
        const reason = reasonOf(cause);
        reasons.set(url, reason);
        log?.(`${url}: ${reason}`);
        if (!(cause instanceof MirrorError)) askAgain.push(url);
      }
    }
    urls = askAgain;
  }
  throw new DownloadError([...reasons].map(([url, reason]) => `${url}: ${reason}`).join("; "));
}

async function fetchBytes(url: string, options: DownloadOptions<unknown>, silenceMs: number): Promise<Uint8Array> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`silent for ${silenceMs} ms`)), silenceMs);
  const signals = options.signal === undefined ? [silence.signal] : [silence.signal, options.signal];
  try {
    const response = await fetch(url, { signal: AbortSignal.any(signals) }).catch(unreachable);
    if (!response.ok) {
      await response.body?.cancel();
      throw refusal(response);
    }
    const chunks: Uint8Array[] = [];
    let received = 0;
    let told = 0;
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      chunks.push(chunk);
      received += chunk.length;
      if (received > options.maxBytes) throw new MirrorError(`sends more than ${options.maxBytes} bytes`);
      if (received - told >= PROGRESS_BYTES) options.log?.(`${url}: ${progress((told = received), response)}`);
    }
    options.log?.(`${url}: done, ${mebibytes(received)}`);
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

/** No such host, or one that does not answer: on a machine without internet, asking again only costs the user time. */
function unreachable(error: unknown): never {
  const code = error instanceof Error && error.cause instanceof Error && "code" in error.cause ? error.cause.code : "";
  if (code === "ENOTFOUND" || code === "UND_ERR_CONNECT_TIMEOUT") throw new MirrorError(reasonOf(error));
  throw error;
}

/** 4xx is an answer for good, except "too slow" and "too many". */
function refusal({ status, statusText }: Response): Error {
  const forGood = status >= 400 && status < 500 && status !== 408 && status !== 429;
  return new (forGood ? MirrorError : Error)(`HTTP ${status} ${statusText}`);
}

function progress(received: number, response: Response): string {
  const total = Number(response.headers.get("content-length"));
  return `${mebibytes(received)}${total >= received ? ` of ${mebibytes(total)}` : ""}`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** fetch hides what happened ("fetch failed") in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof InputError) return error.message;
  const { cause } = error;
  const inner = cause instanceof Error ? cause.message || ("code" in cause ? String(cause.code) : "") : "";
  return inner === "" ? error.message : `${error.message} (${inner})`;
}
