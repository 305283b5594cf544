/** @file Features made only when wanted: which are made, which turn into others, and that all memory is given back once. */
import { expect, test } from "vitest";
import { createMeter } from "../src/ledger.ts";
import { lazyFeatures } from "../src/parts/lazy-features.ts";

interface Made {
  readonly name: string;
  release(): void;
}

const meter = createMeter({ seconds: () => 0, peakRssMiB: () => 0 });

/** "b" is turned from "a"; what happens is said in `log`. */
function scene() {
  const log: string[] = [];
  const madeOf = (name: string): Made => ({ name, release: () => void log.push(`release ${name}`) });
  const features = lazyFeatures<Made>(
    (names) => {
      log.push(`make ${names.join(" ")}`);
      return Promise.resolve(new Map(names.map((name) => [name, madeOf(name)])));
    },
    {
      from: (tap) => (tap === "b" ? "a" : undefined),
      turn({ name }) {
        log.push(`turn ${name}`);
        return madeOf("b");
      },
    },
  );
  return { log, features };
}

test("a tap that another turns into is kept until then, and both are made once", async () => {
  const { log, features } = scene();
  const together = ["a", "b", "c"];
  expect((await features.get("a", together, meter)).name).toBe("a");
  features.release("a"); // too early: b is still to come
  expect((await features.get("b", together, meter)).name).toBe("b");
  expect((await features.get("b", together, meter)).name).toBe("b");
  await expect(features.get("a", together, meter)).rejects.toThrow(
    'features: must be among those made, a, b, c, got "a"',
  );
  features.release("b");
  expect((await features.get("c", together, meter)).name).toBe("c");
  features.releaseAll();
  features.releaseAll();
  expect(log).toEqual(["make a c", "turn a", "release b", "release c"]);
});

test("without the tap it is turned from, it is made by itself", async () => {
  const { log, features } = scene();
  expect((await features.get("b", ["b"], meter)).name).toBe("b");
  features.release("b");
  expect(log).toEqual(["make b", "release b"]);
});

test("interrupted before its turn, the source is given back", async () => {
  const { log, features } = scene();
  await features.get("a", ["a", "b"], meter);
  features.release("a");
  features.releaseAll();
  expect(log).toEqual(["make a", "release a"]);
});
