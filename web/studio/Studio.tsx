import Download from "lucide-solid/icons/download";
import Terminal from "lucide-solid/icons/terminal";
import Workflow from "lucide-solid/icons/workflow";
import { useSearchParams } from "@solidjs/router";
import { createEffect, createMemo, createSignal, For, Match, on, Show, Switch } from "solid-js";
import { createProject, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { createCommands } from "../ui/commands.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { SplitPane } from "../ui/SplitPane.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { suggestedMessage } from "./CommitPanel.tsx";
import { createStudio, type Studio as OpenStudio } from "./createStudio.ts";
import { Drawer, type DrawerTab } from "./Drawer.tsx";
import { EditorPane } from "./EditorPane.tsx";
import { PreviewPane } from "./PreviewPane.tsx";
import { QuickOpen } from "./QuickOpen.tsx";
import { ShareButton } from "./ShareButton.tsx";
import { SidePanel, sides, type Side } from "./SidePanel.tsx";

/** `/:org/:project`: the project, open. */
export function Studio() {
  return (
    <SignedIn>
      <Loaded />
    </SignedIn>
  );
}

function Loaded() {
  const project = createProject();
  // A refetch brings a new object for the same project; the Studio stays.
  const loaded = createMemo(() => project.data, undefined, {
    equals: (before, after) => before?.id === after?.id,
  });
  return (
    <Switch
      fallback={
        <main class="flex flex-1 items-center justify-center text-muted">
          <Spinner />
        </main>
      }
    >
      <Match when={loaded() === undefined && project.error}>
        {(error) => (
          <Page crumbs={[{ label: "Home", href: "/" }, { label: "Project" }]}>
            <ErrorState
              title="The project could not be opened"
              error={error()}
              retry={() => void project.refetch()}
            />
          </Page>
        )}
      </Match>
      <Match when={loaded()} keyed>
        {(opened) => <Workbench project={opened} />}
      </Match>
    </Switch>
  );
}

/** On a phone one of these has the screen. */
const phoneViews = [
  { id: "side", label: "Files" },
  { id: "code", label: "Code" },
  { id: "preview", label: "Preview" },
] as const;
type PhoneView = (typeof phoneViews)[number]["id"];

/** Where the two halves of each split stand on a phone, by view. Wide screens are not touched. */
const outerSplit: Record<PhoneView, string> = {
  side: "max-md:[&>*:not(:first-child)]:hidden",
  code: "max-md:[&>*:not(:first-child)]:hidden",
  preview: "max-md:[&>*:not(:last-child)]:hidden max-md:[&>:last-child]:flex-1!",
};
const innerSplit: Record<PhoneView, string> = {
  side: "max-md:[&>*:not(:first-child)]:hidden max-md:[&>:first-child]:flex-1!",
  code: "max-md:[&>*:not(:last-child)]:hidden",
  preview: "",
};

function Workbench(props: { project: Project }) {
  const [search, setSearch] = useSearchParams<{ file?: string; line?: string }>();
  // The component is keyed by the project: another one is another Studio.
  const studio = createStudio(props.project, firstFileOf(search));
  const toasts = useToasts();
  const [side, setSide] = createSignal<Side | null>("files");
  const [drawer, setDrawer] = createSignal<DrawerTab | null>(null);
  const [phone, setPhone] = createSignal<PhoneView>("preview");
  const [quickOpen, setQuickOpen] = createSignal(false);
  const readOnly = () => !mayWrite(props.project.role);

  // The URL names the file that is shown.
  createEffect(
    on(studio.active, (file) => setSearch({ file, line: undefined }, { replace: true, scroll: false }), {
      defer: true,
    }),
  );
  createEffect(on(studio.openings, () => setPhone("code"), { defer: true }));

  const show = (wanted: Side) => {
    setSide(wanted);
    setPhone("side");
  };
  const toggleDrawer = (tab: DrawerTab) => {
    setDrawer(drawer() === tab ? null : tab);
    if (drawer() !== null) setPhone("code");
  };
  const commitAll = () => {
    if (readOnly()) return;
    if (studio.changes().size > 0) void studio.commit(suggestedMessage(studio.changes()));
    else toasts.show({ text: "Nothing differs from the last commit." });
  };
  const operationalize = async () => {
    // Workflows run on commits: what is only here would not be seen.
    if (studio.changes().size > 0 && !(await studio.commit(suggestedMessage(studio.changes())))) return;
    setSearch({ operationalize: "open" });
  };
  const exportAll = () =>
    exportZip(studio).catch((error: unknown) => toasts.fail("Nothing was exported", error));
  createCommands(
    [
      { id: "commit", title: "Commit all changes", keys: "Mod+S", run: commitAll },
      { id: "open", title: "Open a file by name", keys: "Mod+P", run: () => setQuickOpen(true) },
      {
        id: "files",
        title: "Show or hide files",
        keys: "Mod+B",
        run: () => (side() === "files" ? setSide(null) : show("files")),
      },
      { id: "search", title: "Search in files", keys: "Mod+Shift+F", run: () => show("search") },
      { id: "changes", title: "Show what is not committed", run: () => show("commit") },
      { id: "history", title: "Show the history", run: () => show("history") },
      {
        id: "terminal",
        title: "Show or hide the terminal",
        keys: "Mod+J",
        run: () => toggleDrawer("terminal"),
      },
      { id: "console", title: "Show or hide the console", run: () => toggleDrawer("console") },
      { id: "export", title: "Export as zip", run: () => void exportAll() },
      { id: "reload", title: "Reload the preview", run: () => void studio.runtime()?.reloadPreview() },
      { id: "operationalize", title: "Operationalize", run: () => void operationalize() },
    ].map((command) => ({ ...command, id: `studio.${command.id}`, section: "Studio" })),
  );

  return (
    <Page
      fill
      crumbs={[
        { label: props.project.orgSlug, href: `/${props.project.orgSlug}/settings` },
        { label: props.project.name },
      ]}
      beside={
        <span class="text-xs text-muted max-md:hidden">
          {props.project.defaultBranch}
          <Show when={studio.changes().size > 0}> · {studio.changes().size} not committed</Show>
        </span>
      }
      tools={
        <>
          <span class="max-sm:hidden">
            <IconButton label="Export as zip" icon={<Download />} onClick={() => void exportAll()} />
          </span>
          <ShareButton studio={studio} />
        </>
      }
      primary={
        <Show when={!readOnly()}>
          <Button variant="primary" icon={<Workflow />} onClick={() => void operationalize()}>
            <span class="max-sm:sr-only">Operationalize</span>
          </Button>
        </Show>
      }
    >
      <Switch>
        <Match when={failureOf(studio.state())}>
          {(error) => (
            <ErrorState
              title="The files could not be loaded"
              error={error()}
              retry={() => void studio.session.open()}
            />
          )}
        </Match>
        <Match when={true}>
          <div class="flex min-h-0 flex-1">
            <nav
              aria-label="Panels"
              class={`flex w-10 shrink-0 flex-col items-center gap-1 border-r border-line bg-surface py-1 pointer-coarse:w-12 ${phone() === "side" ? "" : "max-md:hidden"}`}
            >
              <For each={sides}>
                {(each) => (
                  <IconButton
                    label={each.label}
                    keys={each.keys}
                    icon={<each.icon />}
                    placement="right"
                    pressed={side() === each.id}
                    onClick={() => (side() === each.id && !isPhone() ? setSide(null) : show(each.id))}
                  />
                )}
              </For>
              <span class="mt-auto">
                <IconButton
                  label="Terminal"
                  keys="Mod+J"
                  icon={<Terminal />}
                  placement="right"
                  pressed={drawer() === "terminal"}
                  onClick={() => toggleDrawer("terminal")}
                />
              </span>
            </nav>
            <SplitPane
              name="studio.preview"
              label="Preview"
              sized="second"
              initial={Math.round(window.innerWidth * 0.4)}
              min={280}
              class={`min-h-0 flex-1 ${outerSplit[phone()]}`}
              first={
                <SplitPane
                  name="studio.side"
                  label="Side panel"
                  initial={220}
                  min={140}
                  collapsed={side() === null}
                  class={`h-full w-full ${innerSplit[phone()]}`}
                  first={<SidePanel studio={studio} side={side()} readOnly={readOnly()} />}
                  second={
                    <SplitPane
                      name="studio.drawer"
                      label="Terminal and console"
                      direction="column"
                      sized="second"
                      initial={220}
                      collapsed={drawer() === null}
                      first={<EditorPane studio={studio} readOnly={readOnly()} />}
                      second={<Drawer studio={studio} tab={drawer()} onTab={setDrawer} />}
                    />
                  }
                />
              }
              second={
                <PreviewPane
                  studio={studio}
                  consoleOpen={drawer() === "console"}
                  onConsole={() => toggleDrawer("console")}
                />
              }
            />
          </div>
          <div
            class="flex shrink-0 border-t border-line bg-surface p-1 md:hidden"
            role="group"
            aria-label="View"
          >
            <For each={phoneViews}>
              {(view) => (
                <button
                  type="button"
                  aria-pressed={phone() === view.id}
                  onClick={() => (view.id === "side" ? show(side() ?? "files") : setPhone(view.id))}
                  class="h-11 flex-1 rounded-control text-sm text-muted aria-pressed:bg-hover aria-pressed:text-text"
                >
                  {view.label}
                </button>
              )}
            </For>
          </div>
        </Match>
      </Switch>
      <QuickOpen studio={studio} open={quickOpen()} onClose={() => setQuickOpen(false)} />
    </Page>
  );
}

/** The width below which one view has the screen: the breakpoint `md` of the tokens. */
function isPhone(): boolean {
  return matchMedia("(width < 56rem)").matches;
}

function firstFileOf({ file, line }: { file?: string | undefined; line?: string | undefined }) {
  if (file === undefined) return undefined;
  const number = Number(line);
  return Number.isInteger(number) && number > 0 ? { path: file, line: number } : { path: file };
}

async function exportZip(studio: OpenStudio): Promise<void> {
  const { zipOf, download } = await import("./exportZip.ts");
  const { slug } = studio.project;
  download(`${slug}.zip`, await zipOf(studio.session.copy.snapshot(), slug), "application/zip");
}

function failureOf(state: ReturnType<ReturnType<typeof createStudio>["state"]>) {
  return state.kind === "failed" ? state.error : undefined;
}
