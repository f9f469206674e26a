import { batch, createSignal, onCleanup, onMount } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import { toCoderError, type CoderError } from "../../shared/errors.ts";
import { useApi } from "../api.ts";
import type { Config } from "../config.ts";
import type { Project } from "../project.ts";
import { chooseRuntime } from "../runtimes/chooseRuntime.ts";
import type { PreviewState, Runtime } from "../runtimes/runtime.ts";
import { useSession } from "../session.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { makeMemoryDraftStore, openDraftStore } from "./draftStore.ts";
import { makeStudioSession, type SessionState, type StudioSession } from "./studioSession.ts";
import type { ChangeKind } from "./workingCopy.ts";
import { counted } from "../../shared/counted.ts";

export interface ConsoleLine {
  level: "log" | "info" | "warn" | "error";
  text: string;
}

/** A place in a file, 1-based. */
export interface Place {
  line: number;
  column?: number | undefined;
  /** Characters to select. */
  length?: number | undefined;
}

export interface Studio {
  project: Project;
  session: StudioSession;
  state: () => SessionState;
  paths: () => readonly string[];
  changes: () => ReadonlyMap<string, ChangeKind>;
  /** Grows with every change of the path from outside the editor; the editor then takes the new text. */
  revision: (path: string) => number;
  open: () => readonly string[];
  active: () => string | undefined;
  /** `at` moves the cursor; line 0 leaves it where it was and gives the editor the focus. */
  openFile: (path: string, at?: Place) => void;
  /** Grows whenever somebody asks for a file, even for the one that is shown. */
  openings: () => number;
  closeFile: (path: string) => void;
  /** Where the editor should go once the file is shown; taken once. */
  goTo: () => (Place & { path: string }) | undefined;
  wentThere: () => void;
  /** Whether the active file is shown beside the commit's. */
  showsDifference: () => boolean;
  setShowsDifference: (shows: boolean) => void;
  /** Tracks any change of any content, from the editor too. */
  contents: () => void;
  /** An edit in the editor: the text is the editor's already. */
  edit: (path: string, text: string) => void;
  runtime: () => Runtime | undefined;
  /** Why there is no runtime, if there is none. */
  runtimeProblem: () => CoderError | undefined;
  preview: () => PreviewState;
  console: readonly ConsoleLine[];
  clearConsole: () => void;
  startPreview: () => void;
  /** Installs all packages anew and starts again. */
  reinstall: () => void;
  commit: (message: string) => Promise<boolean>;
}

const shownFirst = [
  "src/App.tsx",
  "src/App.vue",
  "src/App.svelte",
  "src/main.tsx",
  "src/main.ts",
  "index.html",
  "README.md",
  "package.json",
];
const maxConsoleLines = 500;

/** The open project for as long as its page is: session, runtime, open files. `firstFile`: what the URL names. */
export function createStudio(project: Project, firstFile?: { path: string; line?: number }): Studio {
  const api = useApi();
  const app = useSession();
  const toasts = useToasts();
  const session = makeStudioSession({
    projectId: project.id,
    branch: project.defaultBranch,
    drafts: typeof indexedDB === "undefined" ? makeMemoryDraftStore() : openDraftStore(),
    repository: {
      async all(branch) {
        const asked = api.files.all.query({ projectId: project.id, ref: branch });
        // In an empty repository there is no such branch.
        asked.catch(() => undefined);
        const { head } = await api.files.refs.query({ projectId: project.id });
        if (head === null) return null;
        const found = await asked;
        if (found.skipped.length > 0) {
          const [first, ...others] = found.skipped.map((file) => file.path);
          const names = others.length === 0 ? first : `${first} and ${others.length} more`;
          toasts.show({ text: `Too large to open here, kept in the repository as it is: ${names}.` });
        }
        return found;
      },
      commit: (request) => api.files.commit.mutate({ projectId: project.id, ...request }),
    },
  });
  const [state, setState] = createSignal<SessionState>(session.state, { equals: false });
  const [paths, setPaths] = createSignal<readonly string[]>([], { equals: sameList });
  const [changes, setChanges] = createSignal<ReadonlyMap<string, ChangeKind>>(new Map());
  const [revisions, setRevisions] = createStore<Record<string, number>>({});
  const [open, setOpen] = createSignal<readonly string[]>([]);
  const [active, setActive] = createSignal<string>();
  const [goTo, setGoTo] = createSignal<Place & { path: string }>();
  const [showsDifference, setShowsDifference] = createSignal(false);
  const [openings, setOpenings] = createSignal(0);
  const [contents, touchContents] = createSignal<undefined>(undefined, { equals: false });
  const [runtime, setRuntime] = createSignal<Runtime>();
  const [runtimeProblem, setRuntimeProblem] = createSignal<CoderError>();
  const [preview, setPreview] = createSignal<PreviewState>({ kind: "idle" });
  const [lines, setLines] = createStore<ConsoleLine[]>([]);
  let editing: string | undefined;

  const openFile = (path: string, at?: Place) =>
    batch(() => {
      if (!open().includes(path)) setOpen([...open(), path]);
      if (active() !== path || at !== undefined) setShowsDifference(false);
      setActive(path);
      if (at !== undefined) setGoTo({ path, ...at });
    });
  const ask = (path: string, at?: Place) =>
    batch(() => {
      openFile(path, at);
      setOpenings((count) => count + 1);
    });
  const closeFile = (path: string) =>
    batch(() => {
      const at = open().indexOf(path);
      const rest = open().filter((each) => each !== path);
      setOpen(rest);
      if (active() === path) setActive(rest[Math.min(at, rest.length - 1)]);
    });

  const stopListening = session.on((event) =>
    batch(() => {
      if (event.kind === "state") setState(session.state);
      if (event.kind === "files") {
        setPaths(session.copy.paths());
        touchContents();
        setChanges(session.changes());
        for (const path of event.paths) if (path !== editing) setRevisions(path, (count = 0) => count + 1);
        for (const path of open()) if (!session.copy.has(path)) closeFile(path);
      }
      if (event.kind === "restored") {
        const files = counted(event.files, "file");
        const moved = event.branchMoved
          ? ` It was begun on ${event.basedOn?.slice(0, 7) ?? "an empty project"}, and there are newer commits since: a file that both changed is shown as you left it. Look at the difference before you commit.`
          : "";
        toasts.show({
          text: `Uncommitted work in ${files} was restored.${moved}`,
          action: { label: "Discard it", run: () => discard(session, toasts) },
        });
      }
      if (event.kind === "save-failed")
        toasts.fail("Your work could not be kept in this browser", event.error);
    }),
  );

  const startRuntime = () =>
    chooseRuntime({ projectId: project.id, origin: location.origin, ...webcontainerOf(app.config) });
  const startPreview = () => {
    runtime()
      ?.startPreview()
      .catch((error: unknown) => toasts.fail("The preview could not be started", error));
  };
  const reinstall = async (running: Runtime) => {
    await running.fs.rm("node_modules").catch((error: unknown) => {
      if (toCoderError(error).code !== "not_found") throw error;
    });
    await running.startPreview();
  };

  let disposed = false;
  const begin = async () => {
    // The runtime boots while the files are on their way.
    const booting = startRuntime();
    booting.catch(() => undefined);
    await session.open();
    const wanted = firstFile !== undefined && session.copy.has(firstFile.path) ? firstFile : undefined;
    const first =
      wanted?.path ?? shownFirst.find((path) => session.copy.has(path)) ?? session.copy.paths()[0];
    if (first !== undefined && open().length === 0)
      openFile(first, wanted?.line === undefined ? undefined : { line: wanted.line });
    const started = await booting;
    if (disposed) {
      await started.dispose();
      return;
    }
    started.onPreview((next) => setPreview({ ...next }));
    started.onConsole((line) => setLines((before) => [...before.slice(-maxConsoleLines), line]));
    await session.attach(started);
    setRuntime(started);
    if (session.copy.paths().length > 0) await started.startPreview();
  };
  onMount(() => {
    begin().catch((error: unknown) => setRuntimeProblem(toCoderError(error)));
  });
  const flush = () => void session.flush();
  // The last moment that a page surely gets (https://developer.mozilla.org/docs/Web/API/Document/visibilitychange_event).
  document.addEventListener("visibilitychange", flush);
  onCleanup(() => {
    disposed = true;
    document.removeEventListener("visibilitychange", flush);
    stopListening();
    const running = runtime();
    session
      .dispose()
      .then(() => running?.dispose())
      .catch((error: unknown) => console.error("The Studio did not close cleanly", error));
  });

  return {
    project,
    session,
    state,
    paths,
    changes,
    revision: (path) => revisions[path] ?? 0,
    open,
    active,
    openFile: ask,
    openings,
    closeFile,
    goTo,
    wentThere: () => setGoTo(undefined),
    showsDifference,
    setShowsDifference,
    contents,
    edit(path, text) {
      editing = path;
      session.write(path, text);
      editing = undefined;
    },
    runtime,
    runtimeProblem,
    preview,
    console: lines,
    clearConsole: () => setLines(reconcile([])),
    startPreview,
    reinstall() {
      const running = runtime();
      if (running !== undefined)
        reinstall(running).catch((error: unknown) =>
          toasts.fail("The packages could not be installed", error),
        );
    },
    async commit(message) {
      try {
        await session.commit(message);
        toasts.show({ text: `Committed to ${project.defaultBranch}.` });
        return true;
      } catch (error) {
        if (toCoderError(error).code !== "conflict") {
          toasts.fail("Nothing was committed; your work is still here", error);
          return false;
        }
        const both = await session.update();
        toasts.show({
          text:
            both.length === 0
              ? "Somebody committed meanwhile. Their work is in yours now; commit again."
              : `Somebody else changed ${both.join(", ")} too. Yours is shown; look at the difference, then commit again.`,
          tone: "failed",
        });
        return false;
      }
    },
  };
}

function webcontainerOf({ webcontainer }: Config): { webcontainer?: { apiKey?: string } } {
  if (webcontainer === undefined) return {};
  return { webcontainer: webcontainer.apiKey === undefined ? {} : { apiKey: webcontainer.apiKey } };
}

function discard(session: StudioSession, toasts: ReturnType<typeof useToasts>): void {
  const reverted = [...session.changes().keys()].map((path) => session.revert(path));
  toasts.show({
    text: "The files are as in the last commit.",
    action: { label: "Undo", run: () => reverted.forEach((each) => each.undo()) },
  });
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
