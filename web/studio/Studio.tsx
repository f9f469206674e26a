import FileDiff from "lucide-solid/icons/file-diff";
import Files from "lucide-solid/icons/files";
import Workflow from "lucide-solid/icons/workflow";
import { useSearchParams } from "@solidjs/router";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { createProject, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { createCommands } from "../ui/commands.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { SplitPane } from "../ui/SplitPane.tsx";
import { CommitPanel, suggestedMessage } from "./CommitPanel.tsx";
import { createStudio } from "./createStudio.ts";
import { EditorPane } from "./EditorPane.tsx";
import { FileTree } from "./FileTree.tsx";
import { PreviewPane } from "./PreviewPane.tsx";
import { ShareButton } from "./ShareButton.tsx";
import { TerminalPane } from "./TerminalPane.tsx";

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
  return (
    <Switch
      fallback={
        <main class="flex flex-1 items-center justify-center text-muted">
          <Spinner />
        </main>
      }
    >
      <Match when={project.error}>
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
      <Match when={project.data?.id} keyed>
        <Show when={project.data} keyed>
          {(loaded) => <Workbench project={loaded} />}
        </Show>
      </Match>
    </Switch>
  );
}

const sides = [
  { id: "files", label: "Files", icon: Files },
  { id: "commit", label: "Changes since the last commit", icon: FileDiff },
] as const;

function Workbench(props: { project: Project }) {
  // The component is keyed by the project: another one is another Studio.
  const studio = createStudio(props.project);
  const [, setSearch] = useSearchParams();
  const [side, setSide] = createSignal<(typeof sides)[number]["id"] | null>("files");
  const [terminal, setTerminal] = createSignal(false);
  const [phone, setPhone] = createSignal<"code" | "preview">("preview");
  const readOnly = () => !mayWrite(props.project.role);

  const commitAll = () => {
    if (studio.changes().size > 0) void studio.commit(suggestedMessage(studio.changes()));
  };
  const operationalize = async () => {
    // Workflows run on commits: what is only here would not be seen.
    if (studio.changes().size > 0 && !(await studio.commit(suggestedMessage(studio.changes())))) return;
    setSearch({ operationalize: "open" });
  };
  createCommands([
    { id: "studio.commit", title: "Commit all changes", section: "Studio", keys: "Mod+S", run: commitAll },
    {
      id: "studio.files",
      title: "Show or hide files",
      section: "Studio",
      keys: "Mod+B",
      run: () => setSide(side() === "files" ? null : "files"),
    },
    {
      id: "studio.terminal",
      title: "Show or hide the terminal",
      section: "Studio",
      keys: "Mod+J",
      run: () => setTerminal(!terminal()),
    },
    {
      id: "studio.operationalize",
      title: "Operationalize",
      section: "Studio",
      run: () => void operationalize(),
    },
  ]);

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
      tools={<ShareButton studio={studio} />}
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
              class="flex w-10 shrink-0 flex-col items-center gap-1 border-r border-line bg-surface py-1 max-md:hidden"
            >
              <For each={sides}>
                {(each) => (
                  <IconButton
                    label={each.label}
                    icon={<each.icon />}
                    placement="right"
                    pressed={side() === each.id}
                    onClick={() => setSide(side() === each.id ? null : each.id)}
                  />
                )}
              </For>
            </nav>
            <div class={`min-h-0 min-w-0 flex-1 ${phone() === "preview" ? "max-md:hidden" : ""}`}>
              <SplitPane
                name="studio.side"
                label="Side panel"
                initial={220}
                min={140}
                collapsed={side() === null}
                first={
                  <Show
                    when={side() === "commit"}
                    fallback={<FileTree studio={studio} readOnly={readOnly()} />}
                  >
                    <CommitPanel studio={studio} readOnly={readOnly()} />
                  </Show>
                }
                second={
                  <SplitPane
                    name="studio.terminal"
                    label="Terminal"
                    direction="column"
                    sized="second"
                    initial={220}
                    collapsed={!terminal()}
                    first={<EditorPane studio={studio} readOnly={readOnly()} />}
                    second={
                      <Show when={terminal()}>
                        <TerminalPane studio={studio} />
                      </Show>
                    }
                  />
                }
              />
            </div>
            <div
              class={`min-h-0 w-[42%] min-w-0 border-l border-line max-md:w-full max-md:border-l-0 ${phone() === "code" ? "max-md:hidden" : ""}`}
            >
              <PreviewPane studio={studio} />
            </div>
          </div>
          <div
            class="flex shrink-0 border-t border-line bg-surface p-1 md:hidden"
            role="group"
            aria-label="View"
          >
            <For each={["code", "preview"] as const}>
              {(view) => (
                <button
                  type="button"
                  aria-pressed={phone() === view}
                  onClick={() => setPhone(view)}
                  class="h-11 flex-1 rounded-control text-sm text-muted capitalize aria-pressed:bg-hover aria-pressed:text-text"
                >
                  {view}
                </button>
              )}
            </For>
          </div>
        </Match>
      </Switch>
    </Page>
  );
}

function failureOf(state: ReturnType<ReturnType<typeof createStudio>["state"]>) {
  return state.kind === "failed" ? state.error : undefined;
}
