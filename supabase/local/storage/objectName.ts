import { StorageError } from "./storageError.ts";

/** The object's name from the segments of a URL path, decoded and checked. */
export function objectNameOf(segments: string[]): string {
  return checkedObjectName(segments.map(decode).join("/"));
}

/** @throws StorageError 400 for a name that is empty, too long, or has empty, dot or control parts. */
export function checkedObjectName(name: string): string {
  const bad =
    name.length === 0 ||
    Buffer.byteLength(name) > 1024 ||
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f\\]/.test(name) ||
    name.split("/").some((part) => part === "" || part === "." || part === "..");
  if (bad) throw new StorageError(400, "InvalidKey", `Invalid key: ${name.slice(0, 200)}`);
  return name;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new StorageError(400, "InvalidKey", `Invalid key: ${segment.slice(0, 200)}`);
  }
}
