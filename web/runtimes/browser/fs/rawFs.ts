import type { IFs } from "memfs";

type Promises = IFs["promises"];

/** The promises API of Node's `fs` as far as isomorphic-git and the shell need it. */
export interface RawFs {
  readonly promises: Pick<
    Promises,
    | "readFile"
    | "writeFile"
    | "appendFile"
    | "unlink"
    | "readdir"
    | "mkdir"
    | "rmdir"
    | "rm"
    | "rename"
    | "stat"
    | "lstat"
    | "readlink"
    | "symlink"
    | "chmod"
    | "utimes"
    | "copyFile"
    | "realpath"
  >;
}

interface Observer {
  touched(path: string): void;
  /** The path and all below it, before they go; directories end in "/". */
  treeAt(path: string): string[];
}

/** memfs's promises API, telling an observer of every change. Calls that cannot be observed are not offered. */
export function createRawFs(promises: Promises, observer: Observer): RawFs {
  /** For a call that changes the one path at `index` of its arguments. */
  function touching<Args extends unknown[], Result>(
    call: (...args: Args) => Promise<Result>,
    index = 0,
  ): (...args: Args) => Promise<Result> {
    return async (...args) => {
      const result = await call(...args);
      observer.touched(String(args[index]));
      return result;
    };
  }

  /** For a call after which everything below its paths may be different. */
  function touchingTrees<Args extends unknown[], Result>(
    call: (...args: Args) => Promise<Result>,
    count: number,
  ): (...args: Args) => Promise<Result> {
    return async (...args) => {
      const paths = args.slice(0, count).map(String);
      const before = paths.flatMap((path) => observer.treeAt(path));
      const result = await call(...args);
      for (const path of new Set([...before, ...paths.flatMap((path) => observer.treeAt(path))]))
        observer.touched(path);
      return result;
    };
  }

  return {
    promises: {
      readFile: promises.readFile.bind(promises),
      readdir: promises.readdir.bind(promises),
      stat: promises.stat.bind(promises),
      lstat: promises.lstat.bind(promises),
      readlink: promises.readlink.bind(promises),
      realpath: promises.realpath.bind(promises),
      chmod: promises.chmod.bind(promises),
      utimes: promises.utimes.bind(promises),
      writeFile: touching(promises.writeFile.bind(promises)),
      appendFile: touching(promises.appendFile.bind(promises)),
      unlink: touching(promises.unlink.bind(promises)),
      mkdir: touching(promises.mkdir.bind(promises)),
      symlink: touching(promises.symlink.bind(promises), 1),
      copyFile: touching(promises.copyFile.bind(promises), 1),
      rmdir: touchingTrees(promises.rmdir.bind(promises), 1),
      rm: touchingTrees(promises.rm.bind(promises), 1),
      rename: touchingTrees(promises.rename.bind(promises), 2),
    },
  };
}
