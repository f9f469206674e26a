/** `util.isDeepStrictEqual`: same types and prototypes, same contents. `isLoose` compares primitives with `==`. */
export function isDeepEqual(a: unknown, b: unknown, isLoose = false): boolean {
  return compare(a, b, { isLoose, seen: new Map() });
}

interface Comparison {
  isLoose: boolean;
  seen: Map<object, object>;
}

function isSamePrimitive(a: unknown, b: unknown, isLoose: boolean): boolean {
  // oxlint-disable-next-line eqeqeq -- the loose form is what assert.deepEqual is defined by
  return Object.is(a, b) || (isLoose && (a == b || (Number.isNaN(a) && Number.isNaN(b))));
}

function compare(a: unknown, b: unknown, options: Comparison): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return isSamePrimitive(a, b, options.isLoose);
  if (a === b || options.seen.get(a) === b) return true;
  if (!options.isLoose && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  options.seen.set(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof RegExp && b instanceof RegExp)
    return String(a) === String(b) && a.lastIndex === b.lastIndex;
  if (a instanceof Error && b instanceof Error && (a.message !== b.message || a.name !== b.name))
    return false;
  if (a instanceof Map && b instanceof Map) return sameMap(a, b, options);
  if (a instanceof Set && b instanceof Set) return sameSet(a, b, options);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && a.byteLength !== b.byteLength) return false;
  // Boxed primitives and dates: equal contents under equal properties.
  const [primitive, other]: unknown[] = [a.valueOf(), b.valueOf()];
  if (typeof primitive !== "object" && !isSamePrimitive(primitive, other, false)) return false;
  return sameProperties(a, b, options);
}

function keysOf(value: object): PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
  return [...Object.keys(value), ...symbols];
}

function sameProperties(a: object, b: object, options: Comparison): boolean {
  const keys = keysOf(a);
  if (keys.length !== keysOf(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && compare(a[key as never], b[key as never], options));
}

function sameMap(a: Map<unknown, unknown>, b: Map<unknown, unknown>, options: Comparison): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([key, value]) => {
    if (b.has(key)) return compare(value, b.get(key), options);
    return (
      typeof key === "object" &&
      [...b].some(([other, item]) => compare(key, other, options) && compare(value, item, options))
    );
  });
}

function sameSet(a: Set<unknown>, b: Set<unknown>, options: Comparison): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(
    (item) =>
      b.has(item) || (typeof item === "object" && [...b].some((other) => compare(item, other, options))),
  );
}
