import { unzip } from "fflate";
import { CoderError } from "../../../shared/errors.ts";
import type { ImportedFile } from "./fastImport.ts";
import { repositoryPath } from "./repositoryPath.ts";

const maxBytes = 200 * 1024 * 1024;
const maxFiles = 20_000;
const leftOut = /(?:^|\/)(?:node_modules|\.git|__MACOSX|\.DS_Store)(?:\/|$)/;

/**
 * The files of an uploaded zip, without a single top folder, `node_modules` and `.git`.
 * Throws `too_large` (200 MB or 20,000 files unpacked, counted before unpacking) or `bad_input`.
 */
export async function importZip(zip: Uint8Array): Promise<ImportedFile[]> {
  let bytes = 0;
  let count = 0;
  const unpacked = await new Promise<Record<string, Uint8Array>>((resolve, reject) => {
    unzip(
      zip,
      {
        filter: (file) => {
          if (file.name.endsWith("/") || leftOut.test(file.name)) return false;
          bytes += file.originalSize;
          count += 1;
          // Nothing more is unpacked once the limit is passed.
          return bytes <= maxBytes && count <= maxFiles;
        },
      },
      (error, files) =>
        error
          ? reject(
              new CoderError("bad_input", `This is not a zip that can be read: ${error.message}`, {
                cause: error,
              }),
            )
          : resolve(files),
    );
  });
  if (bytes > maxBytes || count > maxFiles)
    throw new CoderError(
      "too_large",
      `The zip holds ${count} files of ${Math.round(bytes / 1e6)} MB; the limit is ${maxFiles} files and 200 MB`,
    );
  // The declared size decides what is unpacked; the real one must not be larger.
  const real = Object.values(unpacked).reduce((sum, content) => sum + content.length, 0);
  if (real > maxBytes) throw new CoderError("too_large", "The zip unpacks to more than it declares");
  const top = commonFolder(Object.keys(unpacked));
  const files = Object.entries(unpacked).map(([path, content]) => ({
    path: repositoryPath(path).slice(top.length),
    content,
  }));
  if (files.length === 0) throw new CoderError("bad_input", "The zip holds no files");
  return files;
}

/** "shop-main/" when every path is below it, as in archives that a forge makes; else "". */
function commonFolder(paths: readonly string[]): string {
  const first = paths[0];
  const slash = first?.indexOf("/") ?? -1;
  if (first === undefined || slash < 1) return "";
  const folder = first.slice(0, slash + 1);
  return paths.every((path) => path.startsWith(folder)) ? folder : "";
}
