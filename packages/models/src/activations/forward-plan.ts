/** @file What the main thread and the forward workers share: the model, its buffers and the messages. */
interface Port {
  readonly name: string;
  readonly shape: readonly number[]; // of one row
}

export interface ForwardPlan {
  readonly model: Uint8Array;
  readonly input: Port;
  readonly outputs: readonly Port[];
  /** Buffers of a whole batch, in the order of the ports. */
  readonly slots: readonly { readonly input: SharedArrayBuffer; readonly outputs: readonly SharedArrayBuffer[] }[];
}

/** What the main thread asks of a worker: to open a model, then to run it, and to close it before the next. */
export type ForwardRequest =
  | { readonly kind: "open"; readonly plan: ForwardPlan }
  | {
      readonly kind: "run";
      readonly slot: number;
      readonly rows: number;
      /** Of each output, where to write it instead of the slot's buffer. */
      readonly places: readonly (Float32Array | undefined)[];
    }
  | { readonly kind: "close" };

/** The answer to each run, and to the close. */
export type ForwardReply =
  | { readonly kind: "ran"; readonly slot: number; readonly error?: string }
  | { readonly kind: "closed" };
