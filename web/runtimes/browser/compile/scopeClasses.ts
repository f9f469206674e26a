/**
 * CSS modules (https://github.com/css-modules/css-modules): every class and keyframe of a sheet gets a name of its own,
 * `:global(…)` opts out, `composes` joins names of the same sheet.
 */
export function scopeClasses(css: string, file: string): { css: string; classes: Record<string, string> } {
  const suffix = hash(file);
  const classes: Record<string, string> = {};
  const local = (name: string) => (classes[name] ??= `_${name}_${suffix}`);
  const scoped = mapPreludes(css, (prelude) => scopeSelector(prelude, local));
  const composed = scoped.replace(/composes\s*:\s*([^;}]+?)(\s+from\s+[^;}]+)?\s*;?(?=[;}\s])/g, "");
  for (const [selector, names] of composeRules(css)) {
    const own = classes[selector];
    if (own !== undefined) classes[selector] = [own, ...names.map((name) => classes[name] ?? name)].join(" ");
  }
  return { css: composed, classes };
}

function hash(text: string): string {
  let value = 5381;
  for (let index = 0; index < text.length; index++) value = ((value * 33) ^ text.charCodeAt(index)) >>> 0;
  return value.toString(36).slice(0, 6);
}

function* composeRules(css: string): Generator<[string, string[]]> {
  for (const match of css.matchAll(/\.([\w-]+)\s*\{[^{}]*?composes\s*:\s*([^;}]+)/g)) {
    const [, selector, value] = match;
    if (selector === undefined || value === undefined || / from /.test(value)) continue;
    yield [selector, value.trim().split(/\s+/)];
  }
}

/** Calls back with the text before every `{`: selectors and at-rules, not declarations, comments or strings. */
function mapPreludes(css: string, map: (prelude: string) => string): string {
  const token = /\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{};]/g;
  let out = "";
  let start = 0;
  for (let match = token.exec(css); match; match = token.exec(css)) {
    const [mark] = match;
    if (mark.length > 1) continue;
    const text = css.slice(start, match.index);
    out += (mark === "{" ? map(text) : text) + mark;
    start = match.index + 1;
  }
  return out + css.slice(start);
}

function scopeSelector(prelude: string, local: (name: string) => string): string {
  if (/^\s*@keyframes\s/.test(prelude) || /^\s*@/.test(prelude)) return prelude;
  // Held as "<n>", which no selector contains, so that their classes are not taken for local ones.
  const globals: string[] = [];
  const held = prelude.replace(/:global\(((?:[^()]|\([^()]*\))*)\)/g, (_all, inner: string) => {
    globals.push(inner);
    return `<${globals.length - 1}>`;
  });
  return held
    .replace(/:local\(((?:[^()]|\([^()]*\))*)\)/g, "$1")
    .replace(/\.(-?[_a-zA-Z][\w-]*)/g, (_all, name: string) => `.${local(name)}`)
    .replace(/<(\d+)>/g, (_all, index: string) => globals[Number(index)] ?? "");
}
