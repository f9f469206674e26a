import { useNavigate, useSearchParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import ArrowRight from "lucide-solid/icons/arrow-right";
import Archive from "lucide-solid/icons/archive";
import FolderUp from "lucide-solid/icons/folder-up";
import GitBranch from "lucide-solid/icons/git-branch";
import Upload from "lucide-solid/icons/upload";
import { createSignal, For, onMount, Show } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { useApi } from "../api.ts";
import { createMe, mayWrite } from "../project.ts";
import { useSession } from "../session.tsx";
import { Button } from "../ui/Button.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { ImportGitDialog } from "./ImportGitDialog.tsx";
import { createFromFolder, createFromStarter, createFromZip, type NewProject } from "./newProject.ts";
import { PushDialog } from "./PushDialog.tsx";
import { RecentProjects } from "./RecentProjects.tsx";
import { StarterPicture } from "./StarterPicture.tsx";
import { closestStarter, starters, type Starter } from "./starters.ts";

type Working = { what: string } | null;

/** Home: one question, starters, import, and what was worked on last. */
export function Home() {
  const api = useApi();
  const session = useSession();
  const navigate = useNavigate();
  const me = createMe();
  const [search, setSearch] = useSearchParams<{ starter?: string; wish?: string }>();
  const [wish, setWish] = createSignal(search.wish ?? "");
  const [working, setWorking] = createSignal<Working>(null);
  const [problem, setProblem] = createSignal<string>();
  const [dialog, setDialog] = createSignal<"git" | "push">();
  const projects = createQuery(() => ({
    queryKey: ["projects"],
    queryFn: () => api.projects.list.query(),
    enabled: session.signedIn(),
  }));
  let folderInput: HTMLInputElement | undefined;
  let zipInput: HTMLInputElement | undefined;

  const org = () =>
    me.data?.orgs.find((each) => each.personal) ?? me.data?.orgs.find((each) => mayWrite(each.role));

  const make = async (
    what: string,
    work: (target: { api: typeof api; orgId: string }) => Promise<NewProject>,
  ) => {
    setProblem(undefined);
    setWorking({ what });
    try {
      const own = org() ?? (await me.refetch()).data?.orgs[0];
      if (own === undefined) throw new Error("You belong to no organisation that can hold a project");
      const made = await work({ api, orgId: own.id });
      navigate(`/${made.orgSlug}/${made.slug}`);
    } catch (error) {
      setProblem(toCoderError(error).message);
    } finally {
      setWorking(null);
    }
  };
  /** What was wanted goes along to the sign-in page and back, so that nothing has to be said twice. */
  const signInFirst = (wanted: Record<string, string>): boolean => {
    if (session.signedIn()) return false;
    navigate(`/signin?next=${encodeURIComponent(`/?${new URLSearchParams(wanted).toString()}`)}`);
    return true;
  };
  const start = (starter: Starter, idea = "") => {
    if (signInFirst({ starter: starter.id, ...(idea === "" ? {} : { wish: idea }) })) return;
    void make(`Making ${starter.title}`, (target) =>
      createFromStarter(target, {
        id: starter.id,
        name: idea === "" ? starter.title : idea.slice(0, 60),
        wish: idea,
      }),
    );
  };
  onMount(() => {
    const wanted = starters.find((starter) => starter.id === search.starter);
    if (wanted === undefined || !session.signedIn()) return;
    const idea = search.wish ?? "";
    setSearch({ starter: undefined, wish: undefined }, { replace: true });
    start(wanted, idea);
  });

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (wish().trim() !== "") start(closestStarter(wish()), wish().trim());
  };

  return (
    <Page crumbs={[{ label: "Home" }]}>
      <Column>
        <h2 class="pt-6 text-center text-2xl font-semibold text-balance sm:pt-10">
          What do you want to build?
        </h2>
        <form
          onSubmit={submit}
          class="flex items-center gap-2 rounded-panel border border-line-strong bg-surface p-2 focus-within:border-focus"
        >
          <input
            aria-label="What do you want to build?"
            value={wish()}
            onInput={(event) => setWish(event.currentTarget.value)}
            placeholder="A habit tracker that shows my week"
            class="min-w-0 flex-1 bg-transparent px-2 text-base outline-none placeholder:text-muted"
          />
          <IconButton
            label="Start"
            icon={<ArrowRight />}
            type="submit"
            disabled={wish().trim() === "" || working() !== null}
          />
        </form>
        <p class="-mt-4 text-center text-xs text-muted">
          <Show
            when={wish().trim() !== ""}
            fallback="No model is configured here yet: your words choose the starter that is closest, and you take it from there."
          >
            Starts from “{closestStarter(wish()).title}” ({closestStarter(wish()).name}). No model is
            configured here yet; your idea is kept in the README.
          </Show>
        </p>
        <div aria-live="polite" class="-my-4 min-h-6 text-center text-sm">
          <Show when={working()}>
            {(now) => (
              <span class="inline-flex items-center gap-2 text-muted">
                <Spinner /> {now().what}…
              </span>
            )}
          </Show>
          <Show when={problem()}>{(text) => <span class="text-failed">{text()}</span>}</Show>
        </div>

        <ul aria-label="Starters" class="grid grid-cols-2 gap-3 sm:grid-cols-3">
          <For each={starters}>
            {(starter) => (
              <li>
                <button
                  type="button"
                  disabled={working() !== null}
                  onClick={() => start(starter)}
                  class="group flex w-full flex-col overflow-hidden rounded-panel border border-line bg-surface text-left transition-colors hover:border-line-strong disabled:opacity-60"
                >
                  <StarterPicture id={starter.id} />
                  <span class="flex items-baseline justify-between gap-2 border-t border-line px-3 py-2">
                    <span class="truncate text-sm font-medium">{starter.title}</span>
                    <span class="text-xs text-muted">{starter.name}</span>
                  </span>
                </button>
              </li>
            )}
          </For>
        </ul>

        <div class="flex flex-wrap items-center justify-center gap-2">
          <span class="text-sm text-muted">Bring your own:</span>
          <Button icon={<GitBranch />} onClick={() => signInFirst({}) || setDialog("git")}>
            Git address
          </Button>
          <Button icon={<FolderUp />} onClick={() => signInFirst({}) || folderInput?.click()}>
            Folder
          </Button>
          <Button icon={<Archive />} onClick={() => signInFirst({}) || zipInput?.click()}>
            Zip
          </Button>
          <Button icon={<Upload />} onClick={() => signInFirst({}) || setDialog("push")}>
            Push
          </Button>
        </div>
        <input
          ref={(element) => {
            folderInput = element;
            element.webkitdirectory = true;
          }}
          type="file"
          class="hidden"
          aria-label="Folder to import"
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = "";
            if (files.length > 0)
              void make("Uploading the folder", (target) => createFromFolder(target, files));
          }}
        />
        <input
          ref={(element) => (zipInput = element)}
          type="file"
          accept=".zip,application/zip"
          class="hidden"
          aria-label="Zip to import"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (file !== undefined)
              void make(`Uploading ${file.name}`, (target) => createFromZip(target, file));
          }}
        />
        <Show when={session.signedIn()}>
          <RecentProjects
            projects={projects.data}
            error={projects.error}
            retry={() => void projects.refetch()}
          />
        </Show>
      </Column>
      <ImportGitDialog open={dialog() === "git"} onClose={() => setDialog(undefined)} orgId={org()?.id} />
      <PushDialog open={dialog() === "push"} onClose={() => setDialog(undefined)} orgId={org()?.id} />
    </Page>
  );
}
