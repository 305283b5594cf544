/** What is used of gifenc, which has no types of its own. */
declare module "gifenc/dist/gifenc.esm.js" {
  type Color = readonly number[]; // red, green, blue: 0 to 255
  interface FrameOptions {
    readonly palette?: readonly Color[];
    readonly delay?: number; // ms
    readonly repeat?: number; // 0: for ever
    readonly transparent?: boolean;
    readonly transparentIndex?: number;
    readonly dispose?: number; // 1: the next frame is laid over this one
  }
  interface Encoder {
    writeFrame(indices: Uint8Array, width: number, height: number, options: FrameOptions): void;
    finish(): void;
    bytes(): Uint8Array;
  }
  export function GIFEncoder(): Encoder;
  export function quantize(rgba: Uint8Array, colors: number): Color[];
  export function applyPalette(rgba: Uint8Array, palette: readonly Color[]): Uint8Array;
}
