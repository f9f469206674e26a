import type { ProjectFs } from "../../kernelParts.ts";

const testFile = /(?:^|\/)[^/]*\.(?:test|spec)\.[cm]?[jt]sx?$/;

/** Test files of the project whose path contains one of the filters (all without filters), sorted. */
export function findTestFiles(fs: ProjectFs, filters: string[]): string[] {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ""));
  return fs
    .list()
    .filter((path) => testFile.test(path) && !/^(?:dist|build|coverage)\//.test(path))
    .filter((path) => wanted.length === 0 || wanted.some((filter) => path.includes(filter)));
}
