import { EVENT_ID } from "js-yaml";
import type { Event } from "js-yaml";

/** Keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** A place for a problem; `within` narrows it to a part of a scalar's text. */
export interface Place {
  path: Path;
  /** The value (default), or the key that names it. */
  part?: "value" | "key";
  within?: { text: string; start: number; end: number };
}

/** Offsets into the text, the end exclusive. */
export type Range = [start: number, end: number];

/**
 * Offsets of a place, found by walking the parser's events beside the path. Where the path ends early (a key that is
 * missing) it is the first character of the nearest parent; behind an alias, the alias.
 */
export function rangeOf(
  events: readonly Event[],
  text: string,
  { path, part = "value", within }: Place,
): Range {
  let index = events.findIndex((event) => event.type !== EVENT_ID.DOCUMENT);
  let key: Range | undefined;
  for (const segment of path) {
    const child = childOf(events, text, { parent: index, segment });
    if (child === undefined) return firstCharacter(key ?? nodeRange(events, index, text));
    key = child.key;
    index = child.value;
  }
  if (part === "key" && key !== undefined) return key;
  const range = nodeRange(events, index, text);
  // An empty value (`name:`) has no place of its own.
  if (range[0] < 0) return key ?? [0, 1];
  return within === undefined ? range : rangeWithin(text, range, within);
}

function firstCharacter([start]: Range): Range {
  return [Math.max(0, start), Math.max(0, start) + 1];
}

function childOf(
  events: readonly Event[],
  text: string,
  { parent, segment }: { parent: number; segment: string | number },
): { key: Range | undefined; value: number } | undefined {
  const event = events[parent];
  if (event?.type === EVENT_ID.MAPPING) {
    for (let key = parent + 1; events[key]?.type !== EVENT_ID.POP && key < events.length;) {
      const value = after(events, key);
      const range = nodeRange(events, key, text);
      if (scalarText(text, range) === String(segment)) return { key: range, value };
      key = after(events, value);
    }
  } else if (event?.type === EVENT_ID.SEQUENCE) {
    let item = parent + 1;
    for (let number = 0; events[item]?.type !== EVENT_ID.POP && item < events.length; number += 1) {
      if (number === segment) return { key: undefined, value: item };
      item = after(events, item);
    }
  }
  return undefined;
}

/** Keys are compared as written: nobody escapes the name of a key, and for one who does the parent is shown. */
function scalarText(text: string, [start, end]: Range): string {
  return text.slice(start, end).replace(/^(["'])(.*)\1$/s, "$2");
}

/** The index of the event behind a whole node. */
function after(events: readonly Event[], index: number): number {
  let depth = 0;
  for (let at = index; at < events.length; at += 1) {
    const type = events[at]?.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth += 1;
    else if (type === EVENT_ID.POP) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return events.length;
}

function nodeRange(events: readonly Event[], index: number, text: string): Range {
  const event = events[index];
  switch (event?.type) {
    case EVENT_ID.SCALAR: {
      if (event.valueStart < 0) return [-1, -1];
      const quoted = /["']/.test(text.charAt(event.valueStart - 1)) && event.style !== 1;
      return quoted ? [event.valueStart - 1, event.valueEnd + 1] : [event.valueStart, event.valueEnd];
    }
    case EVENT_ID.ALIAS:
      return [event.anchorStart - 1, event.anchorEnd];
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return [event.start, Math.max(event.start + 1, lastOffset(events, index, text))];
    default:
      return [0, 1];
  }
}

function lastOffset(events: readonly Event[], index: number, text: string): number {
  const end = after(events, index);
  for (let at = end - 1; at > index; at -= 1) {
    const event = events[at];
    if (event?.type === EVENT_ID.SCALAR || event?.type === EVENT_ID.ALIAS) {
      const [, last] = nodeRange(events, at, text);
      if (last > 0) return last;
    }
  }
  return 0;
}

/**
 * Where a part of a scalar stands. Found only when the scalar is written as it reads, which holds for plain and
 * quoted text without escapes and for lines of block text; else the whole scalar is shown.
 */
function rangeWithin(
  text: string,
  [from, to]: Range,
  within: { text: string; start: number; end: number },
): Range {
  const written = text.slice(from, to);
  const whole = written.indexOf(within.text);
  if (whole !== -1)
    return [from + whole + within.start, from + whole + Math.max(within.end, within.start + 1)];
  const piece = within.text.slice(within.start, within.end);
  const found = piece === "" ? -1 : written.indexOf(piece);
  return found === -1 ? [from, to] : [from + found, from + found + piece.length];
}
