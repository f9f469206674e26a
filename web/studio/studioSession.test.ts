import { beforeEach, describe, expect, test, vi } from "vitest";
import { CoderError } from "../../shared/errors.ts";
import type { FileChange, FileMap, Runtime, RuntimeFs } from "../runtimes/runtime.ts";
import { makeMemoryDraftStore, type DraftStore } from "./draftStore.ts";
import {
  fromBase64,
  makeStudioSession,
  toBase64,
  type SessionEvent,
  type SessionRepository,
  type StudioSession,
} from "./studioSession.ts";

const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);
const encode = (content: string) => toBase64(new TextEncoder().encode(content));

/** A repository of one branch in memory, with the forge's rule about the expected head. */
function makeRepository(
  files: Record<string, string>,
): SessionRepository & { head: string; files: Map<string, string> } {
  const stored = new Map(Object.entries(files));
  let count = 1;
  return {
    files: stored,
    get head() {
      return `commit-${count}`;
    },
    all: () =>
      Promise.resolve({
        commit: `commit-${count}`,
        files: [...stored].map(([path, content]) => ({ path, content: encode(content) })),
      }),
    commit: (request) => {
      if (request.expectedHead !== `commit-${count}`)
        return Promise.reject(new CoderError("conflict", "moved"));
      for (const file of request.files)
        if (file.content === null) stored.delete(file.path);
        else stored.set(file.path, new TextDecoder().decode(fromBase64(file.content)));
      count += 1;
      return Promise.resolve({ commit: `commit-${count}` });
    },
  };
}

let drafts: DraftStore;
let repository: ReturnType<typeof makeRepository>;
async function openSession(): Promise<{ session: StudioSession; events: SessionEvent[] }> {
  const session = makeStudioSession({ projectId: "p", branch: "main", repository, drafts, saveDelayMs: 0 });
  const events: SessionEvent[] = [];
  session.on((event) => events.push(event));
  await session.open();
  return { session, events };
}

beforeEach(() => {
  drafts = makeMemoryDraftStore();
  repository = makeRepository({ "index.html": "<h1>", "src/a.ts": "a", "src/b.ts": "b" });
});

describe("makeStudioSession", () => {
  test("work in no commit survives a tab that dies, and says so", async () => {
    const first = await openSession();
    first.session.write("src/a.ts", "edited");
    first.session.remove("src/b.ts");
    await first.session.flush();
    const second = await openSession();
    expect(text(second.session.copy.read("src/a.ts"))).toBe("edited");
    expect(second.session.copy.has("src/b.ts")).toBe(false);
    expect(second.events).toContainEqual({
      kind: "restored",
      files: 2,
      savedAt: expect.any(Number),
      branchMoved: false,
      basedOn: second.session.copy.baseCommit,
    });
  });

  test("a commit sends what differs and leaves nothing to restore", async () => {
    const { session } = await openSession();
    session.write("src/a.ts", "edited");
    session.create("new.ts", "new");
    session.remove("src/b.ts");
    expect(await session.commit("Edit")).toBe("commit-2");
    expect([...repository.files]).toEqual([
      ["index.html", "<h1>"],
      ["src/a.ts", "edited"],
      ["new.ts", "new"],
    ]);
    expect(session.changes().size).toBe(0);
    expect(await drafts.load("p")).toBeNull();
  });

  test("a branch that moved refuses the commit; update keeps own edits and names what both changed", async () => {
    const { session } = await openSession();
    session.write("src/a.ts", "mine");
    await repository.commit({
      branch: "main",
      expectedHead: "commit-1",
      message: "theirs",
      files: [
        { path: "src/a.ts", content: encode("theirs"), encoding: "base64" },
        { path: "src/b.ts", content: encode("theirs"), encoding: "base64" },
      ],
    });
    await expect(session.commit("Edit")).rejects.toMatchObject({ code: "conflict" });
    expect(text(session.copy.read("src/a.ts"))).toBe("mine");
    expect(await session.update()).toEqual(["src/a.ts"]);
    expect(text(session.copy.read("src/a.ts"))).toBe("mine");
    expect(text(session.copy.read("src/b.ts"))).toBe("theirs");
    expect([...session.changes()]).toEqual([["src/a.ts", "modified"]]);
    await session.commit("Edit");
    expect(repository.files.get("src/a.ts")).toBe("mine");
  });

  test("a folder moves with everything below it, and back", async () => {
    const { session } = await openSession();
    const before = session.copy.snapshot();
    const moved = session.rename("src", "lib/code");
    expect(session.copy.paths()).toEqual(["index.html", "lib/code/a.ts", "lib/code/b.ts"]);
    moved.undo();
    expect(session.copy.snapshot()).toEqual(before);
    expect(session.changes().size).toBe(0);
  });

  test("nothing is overwritten or moved into itself", async () => {
    const { session } = await openSession();
    expect(() => session.create("src")).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => session.rename("src/a.ts", "src/b.ts")).toThrow(
      expect.objectContaining({ code: "conflict" }),
    );
    expect(() => session.rename("src", "src/deeper")).toThrow(expect.objectContaining({ code: "bad_input" }));
    expect(() => session.rename("nope", "x")).toThrow(expect.objectContaining({ code: "not_found" }));
    expect(session.changes().size).toBe(0);
  });

  test("a server that does not answer is a failure to show, not an empty project", async () => {
    repository.all = () => Promise.reject(new CoderError("unavailable", "no answer"));
    const { session } = await openSession();
    expect(session.state).toMatchObject({ kind: "failed", error: { code: "unavailable" } });
  });

  test("a draft that cannot be saved is told", async () => {
    drafts.save = () => Promise.reject(new Error("quota"));
    const { session, events } = await openSession();
    session.write("src/a.ts", "x");
    await session.flush();
    expect(events).toContainEqual({
      kind: "save-failed",
      error: expect.objectContaining({ message: "quota" }),
    });
  });

  test("the echo of an edit never takes back the letters that were typed after it", async () => {
    const { session } = await openSession();
    const runtime = makeSlowRuntime();
    await session.attach(runtime);
    for (const typed of ["R", "Ro", "Rou", "Rout", "Routine"]) {
      session.write("src/a.ts", typed);
      await Promise.resolve();
    }
    await vi.waitFor(() => expect(text(runtime.files.get("src/a.ts"))).toBe("Routine"));
    await runtime.settled();
    expect(text(session.copy.read("src/a.ts"))).toBe("Routine");
  });

  test("what a command in the terminal writes and deletes comes in", async () => {
    const { session } = await openSession();
    const runtime = makeSlowRuntime();
    await session.attach(runtime);
    await runtime.fs.writeFile("note.txt", new TextEncoder().encode("hi"));
    await runtime.fs.rm("src/a.ts");
    await vi.waitFor(() =>
      expect([...session.changes()]).toEqual([
        ["note.txt", "added"],
        ["src/a.ts", "deleted"],
      ]),
    );
  });

  test("a file made and deleted at once, and edits while the files are mounted, reach the runtime", async () => {
    const { session, events } = await openSession();
    const runtime = makeSlowRuntime();
    const attaching = session.attach(runtime);
    session.write("src/a.ts", "while mounting");
    session.remove("src/b.ts");
    await attaching;
    session.create("short.ts", "x");
    session.remove("short.ts");
    await vi.waitFor(async () => {
      await runtime.settled();
      expect([...runtime.files.keys()].sort()).toEqual(["index.html", "src/a.ts"]);
    });
    expect(text(runtime.files.get("src/a.ts"))).toBe("while mounting");
    expect(events.filter((event) => event.kind === "save-failed")).toEqual([]);
  });
});

/** The files of a runtime in memory; every call and every report of a change takes a turn of the event loop or more. */
function makeSlowRuntime() {
  const files = new Map<string, Uint8Array>();
  let listener: (changes: FileChange[]) => void = () => undefined;
  let underWay = 0;
  const later = async <T>(work: () => T): Promise<T> => {
    underWay += 1;
    await new Promise((resolve) => setTimeout(resolve, 1 + (underWay % 3)));
    underWay -= 1;
    return work();
  };
  const report = (change: FileChange) => void later(() => listener([change]));
  const encoder = new TextEncoder();
  const put = (path: string, content: string | Uint8Array) =>
    files.set(path, typeof content === "string" ? encoder.encode(content) : content);
  const fs: Pick<RuntimeFs, "readFile" | "writeFile" | "rm" | "watch"> = {
    readFile: (path) =>
      later(() => {
        const found = files.get(path);
        if (found === undefined) throw new CoderError("not_found", `There is no ${path}`);
        return found.slice();
      }),
    writeFile: (path, content) =>
      later(() => {
        put(path, content);
        report({ path, kind: "write" });
      }),
    rm: (path) =>
      later(() => {
        if (!files.delete(path)) throw new CoderError("not_found", `There is no ${path}`);
        report({ path, kind: "delete" });
      }),
    watch: (next) => {
      listener = next;
      return () => (listener = () => undefined);
    },
  };
  const mount = (given: FileMap) =>
    later(() => Object.entries(given).forEach(([path, content]) => put(path, content)));
  return {
    ...({ fs, mount } as Runtime),
    files,
    settled: () => vi.waitFor(() => expect(underWay).toBe(0)),
  };
}
