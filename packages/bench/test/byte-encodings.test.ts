/** @file The encodings of figure 1 can be undone, change nothing but the bytes, and do what their names say. */
import { rootStream } from "@linear-probes/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { byteEncodings } from "../src/stages/byte-encodings.ts";
import { entropyBits } from "../src/stages/byte-probes.ts";

const stream = rootStream("test/encodings");

test("every encoding gives every image back, and leaves it as it was", () => {
  const image = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(fc.array(image, { minLength: 1, maxLength: 4 }), (images) => {
      for (const encoding of byteEncodings(64, images, stream)) {
        for (const image of images) {
          const own = Buffer.from(image); // as files are read: its `slice` is no copy
          const encoded = encoding.encode(own);
          const kept = Buffer.from(encoded);
          expect(encoded.length, encoding.id).toBe(encoding.bytes);
          expect(Buffer.compare(encoding.decode(encoded), image), encoding.id).toBe(0);
          expect([Buffer.compare(own, image), Buffer.compare(encoded, kept)], encoding.id).toEqual([0, 0]);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test("sixteen rounds carry one changed byte into half of all bits, one round into few", () => {
  const images = [new Uint8Array(64), new Uint8Array(64).fill(1, 63)];
  const changed = (id: string): number => {
    const encoding = byteEncodings(64, images, stream).find((one) => one.id === id);
    const [a, b] = images.map((image) => encoding?.encode(image) ?? new Uint8Array());
    return [...(a ?? [])].reduce(
      (bits, byte, i) => bits + (byte ^ (b?.[i] ?? 0)).toString(2).replaceAll("0", "").length,
      0,
    );
  };
  expect(changed("feistel-1")).toBeLessThan(30); // of 512
  expect(changed("feistel-16")).toBeGreaterThan(200);
  expect(changed("feistel-16")).toBeLessThan(312);
});

test("entropies of known distributions", () => {
  expect(entropyBits([1, 1, 1, 1])).toBe(2);
  expect(entropyBits([5, 0])).toBe(0);
  expect(entropyBits([1, 3])).toBeCloseTo(0.8112781244591328, 15); // MacKay 2003, binary entropy of 1/4
});
