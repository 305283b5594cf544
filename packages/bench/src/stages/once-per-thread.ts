/** @file Data that every task of a thread needs, loaded by the first that asks. */

/** `load`, which runs once for each key of its arguments. */
export function oncePerThread<Arguments extends readonly unknown[], T>(
  load: (...given: Arguments) => Promise<T>,
  keyOf: (...given: Arguments) => unknown,
): (...given: Arguments) => Promise<T> {
  const loaded = new Map<string, Promise<T>>();
  return (...given) => {
    const key = JSON.stringify(keyOf(...given));
    const found = loaded.get(key) ?? load(...given);
    loaded.set(key, found);
    return found;
  };
}
