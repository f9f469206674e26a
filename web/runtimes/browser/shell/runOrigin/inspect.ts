/** How Node prints values: `util.inspect` and `util.format`, without their rarer options. https://nodejs.org/api/util.html */

export interface InspectOptions {
  depth?: number | null;
  colors?: boolean;
  compact?: boolean | number;
  breakLength?: number;
}

interface State {
  depth: number;
  colors: boolean;
  breakLength: number;
  seen: object[];
}

export const customInspect: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

const styles = {
  number: 33,
  string: 32,
  special: 36,
  date: 35,
  undefined: 90,
  null: 1,
  symbol: 32,
  regexp: 31,
} as const;

function styled(text: string, style: keyof typeof styles, state: State): string {
  return state.colors ? `\u001b[${styles[style]}m${text}\u001b[${style === "null" ? 22 : 39}m` : text;
}

function quote(text: string): string {
  const mark = !text.includes("'")
    ? "'"
    : !text.includes('"')
      ? '"'
      : !text.includes("`") && !text.includes("${")
        ? "`"
        : "'";
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

function primitive(value: unknown, state: State): string | undefined {
  switch (typeof value) {
    case "string":
      return styled(quote(value), "string", state);
    case "number":
      return styled(Object.is(value, -0) ? "-0" : String(value), "number", state);
    case "bigint":
      return styled(`${value}n`, "number", state);
    case "boolean":
      return styled(String(value), "number", state);
    case "undefined":
      return styled("undefined", "undefined", state);
    case "symbol":
      return styled(value.toString(), "symbol", state);
    case "object":
      return value === null ? styled("null", "null", state) : undefined;
    default:
      return undefined;
  }
}

function constructorName(value: object): string | null {
  for (
    let prototype: unknown = Object.getPrototypeOf(value);
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, "constructor");
    if (typeof descriptor?.value === "function" && descriptor.value.name !== "")
      return String(descriptor.value.name);
  }
  return null;
}

function functionLabel(value: object): string {
  const name = (value as { name?: string }).name ?? "";
  const source = Function.prototype.toString.call(value);
  if (source.startsWith("class")) {
    const parent = (Object.getPrototypeOf(value) as { name?: string } | null)?.name;
    return `[class ${name || "(anonymous)"}${parent ? ` extends ${parent}` : ""}]`;
  }
  const kind = constructorName(value) ?? "Function";
  return `[${kind}${name === "" ? " (anonymous)" : `: ${name}`}]`;
}

function keyText(key: PropertyKey, state: State): string {
  if (typeof key === "symbol") return `[${key.toString()}]`;
  const text = String(key);
  return /^[A-Za-z_$][\w$]*$/.test(text) ? text : styled(quote(text), "string", state);
}

function property(target: object, key: PropertyKey, state: State): string {
  const descriptor = Object.getOwnPropertyDescriptor(target, key);
  if (descriptor?.get !== undefined)
    return styled(descriptor.set === undefined ? "[Getter]" : "[Getter/Setter]", "special", state);
  if (descriptor?.set !== undefined) return styled("[Setter]", "special", state);
  return inspectValue(descriptor?.value, state);
}

function properties(value: object, state: State, isIndexed: boolean): string[] {
  const symbols = Object.getOwnPropertySymbols(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
  const keys: PropertyKey[] = [...Object.keys(value), ...symbols];
  return keys
    .filter((key) => !isIndexed || typeof key === "symbol" || !/^\d+$/.test(String(key)))
    .map((key) => `${keyText(key, state)}: ${property(value, key, state)}`);
}

const maxItems = 100;

function limited<T>(items: Iterable<T>, size: number, show: (item: T) => string): string[] {
  const shown: string[] = [];
  for (const item of items) {
    if (shown.length === maxItems) {
      const rest = size - maxItems;
      shown.push(`... ${rest} more item${rest === 1 ? "" : "s"}`);
      break;
    }
    shown.push(show(item));
  }
  return shown;
}

function arrayItems(value: unknown[], state: State): string[] {
  const shown: string[] = [];
  let holes = 0;
  const flush = (): void => {
    if (holes > 0) shown.push(styled(`<${holes} empty item${holes === 1 ? "" : "s"}>`, "undefined", state));
    holes = 0;
  };
  for (let index = 0; index < Math.min(value.length, maxItems); index += 1) {
    if (index in value) {
      flush();
      shown.push(inspectValue(value[index], state));
    } else holes += 1;
  }
  flush();
  if (value.length > maxItems)
    shown.push(`... ${value.length - maxItems} more item${value.length === maxItems + 1 ? "" : "s"}`);
  return shown;
}

/** Short lists on one line, numbers and words in columns, the rest one per line. */
function join(
  prefix: string,
  items: string[],
  { braces, state, inArray }: { braces: [string, string]; state: State; inArray: boolean },
): string {
  const head = prefix === "" ? "" : `${prefix} `;
  if (items.length === 0) return `${head}${braces[0]}${braces[1]}`;
  // oxlint-disable-next-line no-control-regex -- colours have no width
  const widths = items.map((item) => item.replaceAll(/\u001b\[\d+m/g, "").length);
  const total = widths.reduce((sum, width) => sum + width + 2, head.length);
  const indent = "  ".repeat(state.seen.length);
  const isShort =
    total + indent.length <= Math.min(state.breakLength, 76) && !items.some((item) => item.includes("\n"));
  if (isShort && (!inArray || items.length <= 6))
    return `${head}${braces[0]} ${items.join(", ")} ${braces[1]}`;
  const longest = Math.max(...widths) + 2;
  if (inArray && items.length > 6 && longest <= 20 && !items.some((item) => item.includes("\n"))) {
    const columns = Math.max(1, Math.min(Math.floor(72 / longest), 16));
    const rows: string[] = [];
    for (let start = 0; start < items.length; start += columns) {
      const row = items.slice(start, start + columns).map((item, index) => {
        const comma = start + index === items.length - 1 ? "" : ",";
        const isLast = index === columns - 1 || comma === "";
        return item + comma + (isLast ? "" : " ".repeat(longest - 1 - (widths[start + index] ?? 0)));
      });
      rows.push(row.join(""));
    }
    return `${head}${braces[0]}\n${indent}${rows.join(`\n${indent}`)}\n${indent.slice(2)}${braces[1]}`;
  }
  return `${head}${braces[0]}\n${indent}${items.join(`,\n${indent}`)}\n${indent.slice(2)}${braces[1]}`;
}

function inspectError(error: Error, state: State): string {
  const stack =
    typeof error.stack === "string" && error.stack.includes(error.message)
      ? error.stack
      : `${error.name}: ${error.message}\n${error.stack ?? ""}`;
  const own = Object.keys(error).filter((key) => key !== "stack" && key !== "message");
  const items = own.map((key) => `${keyText(key, state)}: ${property(error, key, state)}`);
  if (error.cause !== undefined) items.push(`[cause]: ${inspectValue(error.cause, state)}`);
  return items.length === 0
    ? stack.trimEnd()
    : `${stack.trimEnd()} ${join("", items, { braces: ["{", "}"], state, inArray: false })}`;
}

function inspectObject(value: object, state: State): string {
  const name = constructorName(value);
  const tag = name === null ? "[Object: null prototype]" : name === "Object" ? "" : name;
  const plain = (items: string[]): string => join(tag, items, { braces: ["{", "}"], state, inArray: false });
  if (Array.isArray(value)) {
    const prefix = name === "Array" ? "" : `${name ?? "Array"}(${value.length})`;
    return join(prefix, [...arrayItems(value, state), ...properties(value, state, true)], {
      braces: ["[", "]"],
      state,
      inArray: true,
    });
  }
  if (value instanceof Map) {
    const show = ([key, item]: [unknown, unknown]): string =>
      `${inspectValue(key, state)} => ${inspectValue(item, state)}`;
    return join(
      `${name}(${value.size})`,
      [...limited(value, value.size, show), ...properties(value, state, false)],
      { braces: ["{", "}"], state, inArray: false },
    );
  }
  if (value instanceof Set) {
    const items = limited(value, value.size, (item) => inspectValue(item, state));
    return join(`${name}(${value.size})`, [...items, ...properties(value, state, false)], {
      braces: ["{", "}"],
      state,
      inArray: false,
    });
  }
  if (value instanceof Error) return inspectError(value, state);
  if (value instanceof Date)
    return styled(Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString(), "date", state);
  if (value instanceof RegExp) return styled(String(value), "regexp", state);
  if (value instanceof Promise) return "Promise { <pending> }";
  if (value instanceof WeakMap || value instanceof WeakSet) return `${name} { <items unknown> }`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const list = value as unknown as { length: number } & Iterable<number | bigint>;
    if (name === "Buffer") {
      const bytes = limited(list, list.length, (byte) => byte.toString(16).padStart(2, "0")).slice(0, 50);
      return `<Buffer ${bytes.join(" ")}${list.length > 50 ? ` ... ${list.length - 50} more bytes` : ""}>`;
    }
    return join(
      `${name}(${list.length})`,
      limited(list, list.length, (item) => inspectValue(item, state)),
      { braces: ["[", "]"], state, inArray: true },
    );
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer { byteLength: ${value.byteLength} }`;
  if (name !== null && /^(?:String|Number|Boolean|BigInt)$/.test(name))
    return `[${name}: ${inspectValue(value.valueOf(), state)}]`;
  if (typeof value === "function") {
    const label = styled(functionLabel(value), "special", state);
    const items = properties(value, state, false);
    return items.length === 0 ? label : join(label, items, { braces: ["{", "}"], state, inArray: false });
  }
  if (value instanceof URL)
    return join(
      "URL",
      ["href", "origin", "pathname", "search", "hash"].map(
        (key) => `${key}: ${inspectValue(value[key as "href"], state)}`,
      ),
      { braces: ["{", "}"], state, inArray: false },
    );
  return plain(properties(value, state, false));
}

function inspectValue(value: unknown, state: State): string {
  const simple = primitive(value, state);
  if (simple !== undefined) return simple;
  const target = value as object;
  if (state.seen.includes(target)) return styled("[Circular *1]", "special", state);
  const custom = (target as { [customInspect]?: unknown })[customInspect];
  if (typeof custom === "function") {
    const result: unknown = custom.call(target, state.depth - state.seen.length, { ...state }, inspect);
    if (result !== target) return typeof result === "string" ? result : inspectValue(result, state);
  }
  if (state.seen.length > state.depth) {
    return styled(
      Array.isArray(target) ? "[Array]" : `[${constructorName(target) ?? "Object"}]`,
      "special",
      state,
    );
  }
  state.seen.push(target);
  try {
    return inspectObject(target, state);
  } finally {
    state.seen.pop();
  }
}

/** A value as Node's console shows it. `depth` null is unlimited. */
export function inspect(value: unknown, options: InspectOptions = {}): string {
  const depth = options.depth === null ? Number.POSITIVE_INFINITY : (options.depth ?? 2);
  return inspectValue(value, {
    depth,
    colors: options.colors ?? false,
    breakLength: options.breakLength ?? 80,
    seen: [],
  });
}
inspect.custom = customInspect;

function placeholder(kind: string, value: unknown): string {
  switch (kind) {
    case "s":
      return typeof value === "object" && value !== null
        ? inspect(value, { depth: 0 })
        : typeof value === "bigint"
          ? `${value}n`
          : String(value);
    case "d":
      return typeof value === "bigint"
        ? `${value}n`
        : typeof value === "object"
          ? "NaN"
          : String(Number(value));
    case "i":
      return typeof value === "bigint" ? `${value}n` : String(Number.parseInt(String(value), 10));
    case "f":
      return String(Number.parseFloat(String(value)));
    case "j":
      return JSON.stringify(value);
    case "c":
      return "";
    default:
      return inspect(value, { depth: 4 });
  }
}

/** `util.format`: %s %d %i %f %j %o %O %c %%, further arguments separated by spaces. */
export function formatWithOptions(options: InspectOptions, ...args: unknown[]): string {
  const [first, ...rest] = args;
  const show = (value: unknown): string => (typeof value === "string" ? value : inspect(value, options));
  if (typeof first !== "string") return args.map(show).join(" ");
  let next = 0;
  const text = first.replaceAll(/%[sdifjoOc%]/g, (match) => {
    if (match === "%%") return rest.length > 0 ? "%" : match;
    if (next >= rest.length) return match;
    const value = rest[next];
    next += 1;
    return placeholder(match.slice(1), value);
  });
  return [text, ...rest.slice(next).map(show)].join(" ");
}

export function format(...args: unknown[]): string {
  return formatWithOptions({}, ...args);
}
