import { CoderError } from "../../../../shared/errors.ts";
import { fileIn, imageOf, type ImageFile, type PackageImage } from "./packageImage.ts";

/** An image as it is kept in the browser's storage. */
export interface KeptImage {
  integrity: string;
  size: number;
  files: Map<string, ImageFile>;
  /** What every import of a package asks for, so that the rest mostly need not be read at all. */
  manifests: Map<string, Uint8Array>;
  archive: Blob;
}

export function toKept(image: PackageImage): KeptImage {
  const { integrity, size, files } = image;
  const archive = image.archive();
  const manifests = new Map<string, Uint8Array>();
  for (const [path, file] of files)
    if (/(?:^|\/)package\.json$/.test(path)) manifests.set(path, fileIn(archive, file).slice());
  return { integrity, size, files, manifests, archive: new Blob([archive]) };
}

/**
 * The image again. A worker reads the archive only when one of its files is asked for: whoever opens a project whose
 * packages are bundled already asks for none. `lost` is told when the storage does not give it back any more; the
 * reader gets `CoderError("unavailable")`.
 */
export async function fromKept(kept: KeptImage, lost: () => void): Promise<PackageImage> {
  const { integrity, size, files, manifests } = kept;
  if (!("FileReaderSync" in globalThis))
    return imageOf(integrity, new Uint8Array(await kept.archive.arrayBuffer()), files);
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const archive = (): Uint8Array<ArrayBuffer> => (bytes ??= readNow(kept.archive, lost));
  return {
    integrity,
    size,
    files,
    read(path) {
      const file = files.get(path);
      return file === undefined ? undefined : (manifests.get(path) ?? fileIn(archive(), file));
    },
    archive,
  };
}

function readNow(archive: Blob, lost: () => void): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(new FileReaderSync().readAsArrayBuffer(archive));
  } catch (error) {
    lost();
    throw new CoderError(
      "unavailable",
      "The packages that this browser kept cannot be read any more. Reload the page: they are fetched again.",
      { cause: error },
    );
  }
}
