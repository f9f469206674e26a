import { zip } from "fflate";
import { CoderError } from "../../shared/errors.ts";

/** The files as a zip, in one folder of the project's name. */
export function zipOf(files: ReadonlyMap<string, Uint8Array>, folder: string): Promise<Uint8Array> {
  const entries = Object.fromEntries([...files].map(([path, content]) => [`${folder}/${path}`, content]));
  return new Promise((resolve, reject) =>
    zip(entries, { level: 6 }, (error, bytes) =>
      error === null
        ? resolve(bytes)
        : reject(new CoderError("internal", `The zip could not be made: ${error.message}`, { cause: error })),
    ),
  );
}

/** Gives bytes to the user as a file (https://html.spec.whatwg.org/multipage/links.html#downloading-resources). */
export function download(name: string, bytes: Uint8Array, type: string): void {
  const address = URL.createObjectURL(new Blob([bytes.slice()], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it once the event is over; a later turn is safe in all of them.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
