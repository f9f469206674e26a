import type { RowChange, RowText, TableColumn, TableShape } from "./tableShape.ts";

/**
 * The `data` of a postgres_changes message as JSON text, with only the given columns.
 * Numbers and JSON values are passed on as written, so no digit of an int8 or numeric is lost.
 */
export function changeJson(
  change: RowChange,
  shape: TableShape,
  columns: { record: TableColumn[]; old: TableColumn[] },
): string {
  const { type } = change;
  const parts = [
    `"schema":${JSON.stringify(shape.schema)}`,
    `"table":${JSON.stringify(shape.table)}`,
    `"type":"${type}"`,
    `"commit_timestamp":"${change.commitTime.toISOString()}"`,
    `"columns":${JSON.stringify(columns.record.map(({ name, type }) => ({ name, type })))}`,
  ];
  if (change.record) parts.push(`"record":${rowJson(change.record, columns.record)}`);
  if (type !== "INSERT")
    parts.push(`"old_record":${change.oldRecord ? rowJson(change.oldRecord, columns.old) : "{}"}`);
  parts.push(`"errors":null`);
  return `{${parts.join(",")}}`;
}

function rowJson(row: RowText, columns: TableColumn[]): string {
  const fields = columns.flatMap(({ name, type }) => {
    const value = row.get(name);
    return value === undefined ? [] : [`${JSON.stringify(name)}:${valueJson(value, type)}`];
  });
  return `{${fields.join(",")}}`;
}

const numbers = new Set(["int2", "int4", "int8", "float4", "float8", "numeric", "oid"]);
const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Text of a value in Postgres's output format as JSON, shaped as PostgREST shapes it. */
function valueJson(value: string | null, type: string): string {
  if (value === null) return "null";
  if (numbers.has(type)) return jsonNumber.test(value) ? value : JSON.stringify(value);
  if (type === "bool") return value === "t" || value === "true" ? "true" : "false";
  if (type === "json" || type === "jsonb") return value;
  if (type === "timestamp") return JSON.stringify(value.replace(" ", "T"));
  if (type === "timestamptz") return JSON.stringify(value.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
  if (type.startsWith("_") && value.startsWith("{")) return arrayJson(value, type.slice(1));
  return JSON.stringify(value);
}

/** An array literal (`{1,"a b",NULL,{…}}`) as a JSON array. */
function arrayJson(literal: string, type: string): string {
  let json = "";
  let at = 0;
  while (at < literal.length) {
    const character = literal[at];
    if (character === "{" || character === "}" || character === ",") {
      json += character === "{" ? "[" : character === "}" ? "]" : ",";
      at += 1;
      continue;
    }
    const element = readElement(literal, at);
    json += valueJson(element.value, type);
    at = element.end;
  }
  return json;
}

function readElement(literal: string, start: number): { value: string | null; end: number } {
  if (literal[start] !== '"') {
    let end = start;
    while (end < literal.length && literal[end] !== "," && literal[end] !== "}") end += 1;
    const value = literal.slice(start, end);
    return { value: value === "NULL" ? null : value, end };
  }
  let value = "";
  let at = start + 1;
  while (at < literal.length && literal[at] !== '"') {
    if (literal[at] === "\\") at += 1;
    value += literal[at] ?? "";
    at += 1;
  }
  return { value, end: at + 1 };
}
