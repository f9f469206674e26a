/**
 * Runs in every page of a project before anything of the project: hot updates with the API of Vite
 * (https://vite.dev/guide/api-hmr), and reports of what is painted, logged and thrown. Modules find its exports under
 * the name that `previewProtocol.ts` gives.
 */
import { relayPath } from "./previewPaths.ts";
import type { ClientMessage, HotMessage, PageHello } from "./previewProtocol.ts";

const channel = new BroadcastChannel("coder-hot");

function report(message: ClientMessage): void {
  channel.postMessage(message);
}

// ---- hot updates ---------------------------------------------------------------------------------------------------

type Accept = (modules: (Record<string, unknown> | undefined)[]) => void;

interface HotModule {
  accepts: { dependencies: string[]; callback: Accept }[];
}

const hotModules = new Map<string, HotModule>();
const disposers = new Map<string, (data: Record<string, unknown>) => void>();
const pruners = new Map<string, (data: Record<string, unknown>) => void>();
const dataOf = new Map<string, Record<string, unknown>>();
const listeners = new Map<string, Set<(payload: unknown) => void>>();

/** Resolves a dependency as written in `accept("./x")` to a module id. */
function dependencyId(owner: string, specifier: string): string {
  return new URL(specifier, new URL(owner, location.origin)).pathname;
}

function withoutExtension(id: string): string {
  return id.replace(/\.\w+$/, "");
}

/** `import.meta.hot` of the module with this id. */
export function createHotContext(owner: string) {
  const data = dataOf.get(owner) ?? {};
  dataOf.set(owner, data);
  // A new version of the module registers anew.
  const record: HotModule = { accepts: [] };
  hotModules.set(owner, record);

  return {
    get data() {
      return data;
    },
    accept(dependencies?: unknown, callback?: unknown) {
      if (typeof dependencies === "function" || dependencies === undefined) {
        const run = dependencies as ((module: unknown) => void) | undefined;
        record.accepts.push({ dependencies: [owner], callback: ([module]) => run?.(module) });
      } else if (typeof dependencies === "string") {
        const run = callback as ((module: unknown) => void) | undefined;
        record.accepts.push({
          dependencies: [dependencyId(owner, dependencies)],
          callback: ([module]) => run?.(module),
        });
      } else {
        const list = (dependencies as string[]).map((specifier) => dependencyId(owner, specifier));
        record.accepts.push({
          dependencies: list,
          callback: (modules) => (callback as Accept | undefined)?.(modules),
        });
      }
    },
    acceptExports(_names: unknown, callback?: (module: unknown) => void) {
      record.accepts.push({ dependencies: [owner], callback: ([module]) => callback?.(module) });
    },
    dispose(callback: (data: Record<string, unknown>) => void) {
      disposers.set(owner, callback);
    },
    prune(callback: (data: Record<string, unknown>) => void) {
      pruners.set(owner, callback);
    },
    decline() {},
    invalidate(reason?: string) {
      if (reason !== undefined) console.debug(`[hot] ${owner}: ${reason}`);
      report({ type: "invalidate", path: owner });
    },
    on(event: string, callback: (payload: unknown) => void) {
      const set = listeners.get(event) ?? new Set();
      set.add(callback);
      listeners.set(event, set);
    },
    off(event: string, callback: (payload: unknown) => void) {
      listeners.get(event)?.delete(callback);
    },
    send() {},
  };
}

function emit(event: string, payload: unknown): void {
  for (const listener of listeners.get(event) ?? []) listener(payload);
}

async function applyUpdate(
  update: Extract<HotMessage, { type: "update" }>["updates"][number],
): Promise<() => void> {
  const owner = hotModules.get(update.path);
  // Not loaded in this page (another route): nothing to replace.
  if (!owner) return () => {};
  const wanted = withoutExtension(update.acceptedPath);
  const matching = owner.accepts.filter(({ dependencies }) =>
    dependencies.some(
      (dependency) => dependency === update.acceptedPath || withoutExtension(dependency) === wanted,
    ),
  );
  if (matching.length === 0 && update.path !== update.acceptedPath) return () => location.reload();
  // The data object lives on: frameworks keep their registries in it across versions of a module.
  disposers.get(update.acceptedPath)?.(dataOf.get(update.acceptedPath) ?? {});
  disposers.delete(update.acceptedPath);
  const module = (await import(/* @vite-ignore */ update.url)) as Record<string, unknown>;
  return () => {
    for (const { dependencies, callback } of matching) {
      callback(
        dependencies.map((dependency) =>
          dependency === update.acceptedPath || withoutExtension(dependency) === wanted ? module : undefined,
        ),
      );
    }
  };
}

/**
 * Puts scripts in the place of the modules with these URLs. Where a browser takes no import map any more, its imports
 * ask for the modules as ever.
 */
function addImports(imports: Record<string, string>): void {
  if (Object.keys(imports).length === 0) return;
  const map = document.createElement("script");
  map.type = "importmap";
  map.textContent = JSON.stringify({ imports });
  document.head.append(map);
  map.remove();
}

/** What a module that nobody imports any more leaves behind goes with it (https://vite.dev/guide/api-hmr#hot-prune-cb). */
function prune(id: string): void {
  const data = dataOf.get(id) ?? {};
  for (const callbacks of [disposers, pruners]) {
    callbacks.get(id)?.(data);
    callbacks.delete(id);
  }
  dataOf.delete(id);
  hotModules.delete(id);
}

let queue = Promise.resolve();

async function applyUpdates(message: Extract<HotMessage, { type: "update" }>): Promise<void> {
  emit("vite:beforeUpdate", message);
  try {
    addImports(message.imports);
    const apply = await Promise.all(message.updates.map(applyUpdate));
    for (const run of apply) run();
    message.pruned.forEach(prune);
  } catch (error) {
    reportError(error);
    return;
  }
  emit("vite:afterUpdate", message);
}

/** What this page has. Messages on the way while it was loading may be of changes that it was made with. */
let version = Number(document.currentScript?.dataset.version ?? 0);

function take(message: HotMessage): void {
  if (message.version !== undefined) {
    if (message.version <= version) return;
    ({ version } = message);
  }
  if (message.type === "update") queue = queue.then(() => applyUpdates(message));
  else location.reload();
}

/** The relay page where it is in the same window as this page. */
function relayBeside(): WindowProxy | null {
  for (let index = 0; index < parent.length; index += 1) {
    const frame = parent[index];
    try {
      if (frame !== undefined && frame.location.pathname === relayPath) return frame;
    } catch {
      // A frame of another origin does not tell where it is.
    }
  }
  return null;
}

const relay = relayBeside();
if (relay) {
  const hello: PageHello = { type: "coder:page" };
  relay.postMessage(hello, location.origin);
  addEventListener("message", (event: MessageEvent<HotMessage>) => {
    if (event.source === relay) take(event.data);
  });
}
channel.onmessage = (event: MessageEvent<HotMessage>) => {
  if (relay === null || relay.closed) take(event.data);
};

const sheets = new Map<string, HTMLStyleElement>();
let lastSheet: HTMLStyleElement | undefined;

/** Puts a sheet on the page or replaces its text. Sheets keep the order in which modules asked for them. */
export function updateStyle(id: string, css: string): void {
  let sheet = sheets.get(id);
  if (!sheet) {
    sheet = document.createElement("style");
    sheet.setAttribute("data-coder-id", id);
    if (lastSheet) lastSheet.insertAdjacentElement("afterend", sheet);
    else document.head.append(sheet);
    lastSheet = sheet;
    sheets.set(id, sheet);
  }
  sheet.textContent = css;
}

export function removeStyle(id: string): void {
  const sheet = sheets.get(id);
  if (!sheet) return;
  if (lastSheet === sheet) lastSheet = undefined;
  sheet.remove();
  sheets.delete(id);
}

// ---- reports -------------------------------------------------------------------------------------------------------

const limit = 10_000;

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ?? value.message;
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint")
    return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Cyclic values and those with throwing getters.
    return String(value);
  }
}

for (const level of ["log", "info", "warn", "error"] as const) {
  const original = console[level].bind(console);
  console[level] = (...values: unknown[]) => {
    original(...values);
    report({ type: "console", level, text: values.map(textOf).join(" ").slice(0, limit) });
  };
}

/** The first place in a stack that is a module of the project. */
function placeIn(stack: string): { url: string; line: number; column: number } | undefined {
  for (const line of stack.split("\n")) {
    const match = /(https?:\/\/[^\s()]+?):(\d+):(\d+)/.exec(line);
    if (!match?.[1]?.startsWith(location.origin)) continue;
    const { pathname, search } = new URL(match[1]);
    if (pathname.startsWith("/@") || pathname.startsWith("/__coder/")) continue;
    return { url: pathname + search, line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}

function reportError(thrown: unknown, at?: { url: string; line: number; column: number }): void {
  const error = thrown instanceof Error ? thrown : new Error(textOf(thrown));
  const place = placeIn(error.stack ?? "") ?? at;
  report({
    type: "error",
    message: (error.name === "Error" ? error.message : `${error.name}: ${error.message}`).slice(0, limit),
    ...(error.stack === undefined ? {} : { stack: error.stack.slice(0, limit) }),
    ...place,
    painted,
  });
}

addEventListener("error", (event) => {
  // A resource that did not load (image, script): modules that do not build are known to the kernel already.
  if (!(event instanceof ErrorEvent)) return;
  const inside = event.filename.startsWith(location.origin);
  const at = inside
    ? {
        url: new URL(event.filename).pathname + new URL(event.filename).search,
        line: event.lineno,
        column: event.colno,
      }
    : undefined;
  reportError(event.error ?? event.message, at);
});
addEventListener("unhandledrejection", (event) => reportError(event.reason));

// ---- the preview's own service worker ------------------------------------------------------------------------------

/** A project's worker would take the place of ours, which serves the preview; code that removes workers would end it. */
if ("serviceWorker" in navigator) {
  ServiceWorkerContainer.prototype.register = () =>
    Promise.reject(
      new DOMException("A project's own service worker does not run in the preview.", "NotSupportedError"),
    );
  ServiceWorkerContainer.prototype.getRegistrations = () => Promise.resolve([]);
  ServiceWorkerRegistration.prototype.unregister = () => Promise.resolve(true);
}

// ---- what is painted -----------------------------------------------------------------------------------------------

let painted = false;

/** Whether anything on the page can be seen. */
function showsSomething(): boolean {
  const { body } = document;
  if (body === null) return false;
  if (body.innerText.trim() !== "") return true;
  for (const element of body.querySelectorAll(
    "img,svg,canvas,video,iframe,input,button,object,embed,textarea,select,hr",
  )) {
    const { width, height } = element.getBoundingClientRect();
    if (width > 0 && height > 0) return true;
  }
  for (const element of [...body.querySelectorAll("*")].slice(0, 500)) {
    const { width, height } = element.getBoundingClientRect();
    if (width < 2 || height < 2) continue;
    const style = getComputedStyle(element);
    const clear = /^(transparent|rgba\(.*,\s*0\))$/;
    if (
      !clear.test(style.backgroundColor) ||
      style.backgroundImage !== "none" ||
      Number.parseFloat(style.borderWidth) > 0
    )
      return true;
  }
  return false;
}

/** A page that finished loading may still fetch before it renders: it gets this long to show something. */
const blankAfterMs = 3000;

/** Looking makes the browser lay the page out, which its own scripts should not wait for. */
const lookMeanwhileMs = 100;

function watchPaint(): void {
  let scheduled = false;
  const check = () => {
    scheduled = false;
    if (painted || !showsSomething()) return;
    painted = true;
    observer.disconnect();
    report({ type: "painted" });
  };
  const schedule = () => {
    if (scheduled || painted) return;
    scheduled = true;
    // Not requestAnimationFrame: it stands still in a page that is not visible.
    setTimeout(check, document.readyState === "complete" ? 0 : lookMeanwhileMs);
  };
  const observer = new MutationObserver(schedule);
  observer.observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
  schedule();
  const loaded = () => {
    setTimeout(check);
    setTimeout(() => {
      check();
      if (!painted) report({ type: "blank" });
    }, blankAfterMs);
  };
  if (document.readyState === "complete") loaded();
  else addEventListener("load", loaded);
}

report({ type: "connected", url: location.pathname, version });
watchPaint();
