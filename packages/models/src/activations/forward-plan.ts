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

export interface ForwardTask {
  readonly slot: number;
  readonly rows: number;
}

export interface ForwardReply {
  readonly slot: number;
  readonly error?: string;
}
