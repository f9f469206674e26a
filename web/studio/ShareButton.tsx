import { Popover } from "@kobalte/core/popover";
import { createQuery } from "@tanstack/solid-query";
import ExternalLink from "lucide-solid/icons/external-link";
import Share from "lucide-solid/icons/share-2";
import { createSignal, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { toCoderError } from "../../shared/errors.ts";
import { useSession } from "../session.tsx";
import { Button, buttonClass, LinkButton } from "../ui/Button.tsx";
import { CopyField } from "../ui/CopyButton.tsx";
import { Progress } from "../ui/Progress.tsx";
import { useToasts } from "../ui/Toast.tsx";
import type { Studio } from "./createStudio.ts";
import { share, type ShareProgress } from "./share.ts";

const words = {
  building: "Building the project",
  uploading: "Uploading files",
  publishing: "Publishing",
} as const;

/** The server listens on the loopback interface: nobody else gets there. */
const isLocal = /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname);

/** Publishes what is on the screen under a link that needs no account, and takes it back. */
export function ShareButton(props: { studio: Studio }) {
  const api = useApi();
  const session = useSession();
  const toasts = useToasts();
  const [open, setOpen] = createSignal(false);
  const [progress, setProgress] = createSignal<ShareProgress>();
  const [problem, setProblem] = createSignal<string>();
  const sites = createQuery(() => ({
    queryKey: ["sites", props.studio.project.id],
    queryFn: () => api.sites.list.query({ projectId: props.studio.project.id }),
    enabled: open(),
  }));
  const live = () => sites.data?.find((site) => site.kind === "share" && site.revokedAt === null);

  const publish = async () => {
    const runtime = props.studio.runtime();
    if (runtime === undefined) return;
    setProblem(undefined);
    const isUpdate = live() !== undefined;
    try {
      await share({
        project: props.studio.project,
        runtime,
        api,
        storage: (await session.supabase()).storage,
        onProgress: setProgress,
      });
      await sites.refetch();
      // A new link is seen; an old one looks as before.
      if (isUpdate) toasts.show({ text: "The link shows the project as it is now." });
    } catch (error) {
      setProblem(toCoderError(error).message);
    } finally {
      setProgress(undefined);
    }
  };
  const revoke = async (siteId: string) => {
    try {
      await api.sites.revoke.mutate({ siteId });
      await sites.refetch();
      toasts.show({ text: "The link is dead now. Sharing again makes a new one." });
    } catch (error) {
      toasts.fail("The link could not be revoked and still works", error);
    }
  };

  return (
    <Popover open={open()} onOpenChange={setOpen} placement="bottom-end" gutter={6}>
      <Popover.Trigger class={buttonClass("secondary")}>
        <Share class="size-4" aria-hidden="true" />
        <span class="max-sm:sr-only">Share</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content class="z-30 flex w-[min(24rem,calc(100vw-1rem))] animate-enter flex-col gap-3 rounded-panel border border-line bg-raised p-4 shadow-float">
          <Popover.Title class="text-sm font-semibold">Share this project</Popover.Title>
          <Popover.Description class="text-sm text-muted">
            Anyone with the link opens the built site, without an account. The code stays here.
            {isLocal ? " This Coder answers on this machine only, and so does the link." : ""}
          </Popover.Description>
          <Show when={live()}>
            {(site) => (
              <>
                <CopyField label="Link" text={site().url} />
                <div class="flex flex-wrap items-center gap-2">
                  <LinkButton href={site().url} target="_blank" rel="noreferrer" icon={<ExternalLink />}>
                    Open
                  </LinkButton>
                  <Button variant="ghost" onClick={() => void revoke(site().id)}>
                    Revoke
                  </Button>
                </div>
              </>
            )}
          </Show>
          <Switch>
            <Match when={progress()}>
              {(now) => (
                <Progress
                  label={words[now().what]}
                  value={now().total === 0 ? undefined : now().done / now().total}
                  detail={now().total === 0 ? undefined : `${now().done} of ${now().total}`}
                />
              )}
            </Match>
            <Match when={!sites.isPending}>
              <Button
                variant="primary"
                disabled={props.studio.runtime() === undefined}
                onClick={() => void publish()}
              >
                {live() === undefined ? "Create a link" : "Update the link"}
              </Button>
            </Match>
          </Switch>
          <Show when={problem()}>
            {(text) => (
              <p role="alert" class="text-sm text-failed">
                {text()}
              </p>
            )}
          </Show>
        </Popover.Content>
      </Popover.Portal>
    </Popover>
  );
}
