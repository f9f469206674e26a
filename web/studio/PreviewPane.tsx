import ExternalLink from "lucide-solid/icons/external-link";
import Monitor from "lucide-solid/icons/monitor";
import RotateCw from "lucide-solid/icons/rotate-cw";
import Smartphone from "lucide-solid/icons/smartphone";
import Terminal from "lucide-solid/icons/square-terminal";
import Tablet from "lucide-solid/icons/tablet";
import { createEffect, createSignal, For, Match, on, onCleanup, Show, Switch } from "solid-js";
import { previewSandbox } from "../runtimes/previewSandbox.ts";
import type { PreviewFailure } from "../runtimes/runtime.ts";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { formatDuration } from "../ui/formatTime.ts";
import { Spinner } from "../ui/Spinner.tsx";
import type { Studio } from "./createStudio.ts";
import { counted } from "../../shared/counted.ts";

const widths = [
  { id: "full", label: "Full width", icon: Monitor, width: undefined },
  { id: "tablet", label: "Tablet, 768 pixels", icon: Tablet, width: 768 },
  { id: "phone", label: "Phone, 390 pixels", icon: Smartphone, width: 390 },
] as const;

const failureWords: Record<PreviewFailure["type"], string> = {
  install: "A package could not be installed",
  build: "The project does not build",
  port: "Nothing answers on the port",
  runtime: "The page stopped with an error",
  isolation: "This browser cannot run the project",
};

const coverAfterMs = 800;
const loadingMs = 1000;

/** The running project, or in words why it does not run. */
export function PreviewPane(props: { studio: Studio; consoleOpen: boolean; onConsole: () => void }) {
  const [width, setWidth] = createSignal<(typeof widths)[number]["id"]>("full");
  const pixels = () => widths.find((each) => each.id === width())?.width;
  const preview = () => props.studio.preview();
  const ready = () => {
    const now = preview();
    return now.kind === "ready" ? now : undefined;
  };
  const failed = () => {
    const now = preview();
    return now.kind === "failed" ? now.failure : undefined;
  };
  /** The page once shown stays, so that a hot update of a broken edit does not lose its state. */
  const [url, setUrl] = createSignal<string>();
  const [served, setServed] = createSignal(false);
  const [loaded, setLoaded] = createSignal(false);
  const shown = () => served() && loaded();
  createEffect(() => {
    const now = preview();
    if (now.kind === "ready") {
      setUrl(now.url);
      setServed(true);
      // What is there is better than a spinner, if something on the page takes its time.
      const timer = setTimeout(() => setLoaded(true), loadingMs);
      onCleanup(() => clearTimeout(timer));
    } else if (now.kind === "starting" && now.url !== undefined) {
      setUrl(now.url);
    } else if (now.kind === "failed" && now.failure.type !== "runtime" && !served()) {
      // What was opened ahead got an error instead of a page.
      setUrl(undefined);
    }
  });
  /** While somebody types, most states of a file do not build: only one that lasts covers the page. */
  const [covering, setCovering] = createSignal<PreviewFailure>();
  createEffect(
    on(failed, (failure) => {
      if (failure === undefined || !shown() || covering() !== undefined) {
        setCovering(failure);
        return;
      }
      const timer = setTimeout(() => setCovering(failure), coverAfterMs);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  const starting = () => {
    const now = preview();
    return now.kind === "starting" ? now : undefined;
  };
  const hasNothing = () =>
    !shown() && props.studio.state().kind === "ready" && props.studio.paths().length === 0;
  const errors = () => props.studio.console.filter((line) => line.level === "error").length;
  const [elapsed, setElapsed] = createSignal(0);
  createEffect(
    on(starting, (now) => {
      if (now === undefined) return;
      const tick = () => setElapsed(Date.now() - now.startedAt);
      tick();
      const timer = setInterval(tick, 100);
      onCleanup(() => clearInterval(timer));
    }),
  );

  return (
    <section class="flex h-full min-h-0 flex-col bg-sunken" aria-label="Preview">
      <header class="flex h-9 shrink-0 items-center gap-1 border-b border-line bg-surface px-2">
        <p class="min-w-0 flex-1 truncate text-xs text-muted" role="status" aria-live="polite">
          <Switch fallback="The runtime is starting">
            <Match when={props.studio.runtimeProblem()}>Nothing runs</Match>
            <Match when={starting()}>
              {(now) => (
                <>
                  {now().message} · <span class="tabular-nums">{(elapsed() / 1000).toFixed(1)} s</span>
                </>
              )}
            </Match>
            <Match when={ready()}>{(now) => <>Running · ready in {timeOf(now().readyInMs)}</>}</Match>
            <Match when={failed()}>{(failure) => <>{failureWords[failure().type]}</>}</Match>
            <Match when={hasNothing()}>Nothing runs yet</Match>
          </Switch>
        </p>
        <span class="flex max-md:hidden" role="group" aria-label="Width of the preview">
          <For each={widths}>
            {(each) => (
              <IconButton
                label={each.label}
                icon={<each.icon />}
                pressed={width() === each.id}
                onClick={() => setWidth(each.id)}
              />
            )}
          </For>
        </span>
        <IconButton
          label={errors() === 0 ? "Console" : `Console, ${counted(errors(), "error")}`}
          icon={<Terminal class={errors() === 0 ? "" : "text-failed"} />}
          pressed={props.consoleOpen}
          onClick={() => props.onConsole()}
        />
        <IconButton
          label="Reload the preview"
          icon={<RotateCw />}
          disabled={ready() === undefined}
          onClick={() => void props.studio.runtime()?.reloadPreview()}
        />
        <Show when={ready()}>
          {(now) => (
            <a
              href={now().url}
              target="_blank"
              rel="opener"
              aria-label="Open the preview in a tab"
              class="hit inline-flex items-center justify-center rounded-control px-2 text-muted hover:bg-hover hover:text-text"
            >
              <ExternalLink class="size-4" aria-hidden="true" />
            </a>
          )}
        </Show>
      </header>
      <div class="relative flex min-h-0 flex-1 justify-center overflow-auto">
        <Show when={url()} keyed>
          {(address) => (
            <iframe
              src={address}
              onLoad={() => setLoaded(true)}
              title="Preview of the project"
              sandbox={previewSandbox}
              // The preview has an origin of its own; these are what an app may need there.
              allow="cross-origin-isolated; clipboard-write; fullscreen"
              class="h-full border-0"
              // As a browser's own canvas: a page that sets no background has a white one, in either theme.
              style={{ width: pixels() === undefined ? "100%" : `${pixels()}px`, background: "white" }}
            />
          )}
        </Show>
        <Switch>
          <Match when={props.studio.runtimeProblem()}>
            {(problem) => (
              <div class="absolute inset-0 overflow-auto bg-sunken">
                <ErrorState
                  title="The runtime did not start"
                  error={problem()}
                  kept="Your files can be edited and committed all the same, and are kept over a reload."
                  retry={() => location.reload()}
                />
              </div>
            )}
          </Match>
          <Match when={covering()} keyed>
            {(failure) => <Failure studio={props.studio} failure={failure} />}
          </Match>
          <Match when={hasNothing()}>
            <div class="absolute inset-0">
              <EmptyState
                title="Nothing to run yet"
                text="Add an index.html, or push a repository; it starts by itself."
              />
            </div>
          </Match>
          <Match when={!shown()}>
            <div class="absolute inset-0 flex flex-col bg-sunken items-center justify-center gap-3 text-sm text-muted">
              <Spinner />
              <span>{served() ? "Opening the page" : (starting()?.message ?? "Starting the runtime")}</span>
            </div>
          </Match>
        </Switch>
      </div>
    </section>
  );
}

/** A project that is kept is mostly ready sooner than a tenth of a second. */
function timeOf(ms: number): string {
  return ms < 100 ? `${Math.max(1, Math.round(ms))} ms` : formatDuration(ms);
}

function Failure(props: { studio: Studio; failure: PreviewFailure }) {
  const place = () => {
    const { file, line, column } = props.failure;
    return file === undefined
      ? undefined
      : [file, line, column].filter((part) => part !== undefined).join(":");
  };
  return (
    <div class="absolute inset-0 flex flex-col overflow-auto bg-sunken p-6" role="alert">
      <div class="m-auto flex w-full max-w-lg flex-col gap-3 rounded-panel border border-line bg-surface p-5">
        <h2 class="text-base font-semibold">{failureWords[props.failure.type]}</h2>
        <p class="text-sm">{props.failure.message}</p>
        <Show when={place()}>
          {(text) => (
            <button
              type="button"
              class="self-start font-mono text-xs text-accent-text hover:underline"
              onClick={() =>
                props.failure.file !== undefined &&
                props.studio.openFile(props.failure.file, placeOf(props.failure))
              }
            >
              {text()}
            </button>
          )}
        </Show>
        <Show when={props.failure.detail}>
          {(detail) => (
            <pre
              class="max-h-64 overflow-auto rounded-control bg-sunken p-3 font-mono text-xs whitespace-pre-wrap"
              tabIndex={0}
            >
              {detail()}
            </pre>
          )}
        </Show>
        <div class="flex flex-wrap gap-2">
          <Remedy studio={props.studio} failure={props.failure} />
        </div>
      </div>
    </div>
  );
}

function placeOf(failure: PreviewFailure): { line: number; column?: number | undefined } {
  return { line: failure.line ?? 0, column: failure.column };
}

/** The button that helps with this failure. Where nothing here can, a second try. */
function Remedy(props: { studio: Studio; failure: PreviewFailure }) {
  const [pending, setPending] = createSignal(false);
  const remedy = () => props.failure.remedy;
  const act = () => {
    const { file } = props.failure;
    const action = remedy()?.action;
    if (action === "open-file" && file !== undefined)
      return props.studio.openFile(file, placeOf(props.failure));
    setPending(true);
    if (action === "reinstall") props.studio.reinstall();
    else props.studio.startPreview();
  };
  const label = () => {
    const given = remedy();
    const helps = given !== undefined && given.action !== "use-server";
    return helps && (given.action !== "open-file" || props.failure.file !== undefined)
      ? given.label
      : "Try again";
  };
  return (
    <Button variant="secondary" pending={pending()} onClick={act}>
      {label()}
    </Button>
  );
}
