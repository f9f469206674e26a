import GitMerge from "lucide-solid/icons/git-merge";
import GitPullRequest from "lucide-solid/icons/git-pull-request";
import GitPullRequestDraft from "lucide-solid/icons/git-pull-request-draft";
import GitPullRequestClosed from "lucide-solid/icons/git-pull-request-closed";
import { Dynamic } from "solid-js/web";

const looks = {
  open: { icon: GitPullRequest, word: "Open", look: "bg-running-soft text-running" },
  draft: { icon: GitPullRequestDraft, word: "Draft", look: "bg-queued-soft text-queued" },
  merged: { icon: GitMerge, word: "Merged", look: "bg-succeeded-soft text-succeeded" },
  closed: { icon: GitPullRequestClosed, word: "Closed", look: "bg-queued-soft text-canceled" },
} as const;

export function ChangeStatus(props: { status: "open" | "merged" | "closed"; draft: boolean }) {
  const look = () => looks[props.status === "open" && props.draft ? "draft" : props.status];
  return (
    <span
      class={`inline-flex h-6 shrink-0 items-center gap-1 rounded-full pr-2 pl-1.5 text-xs font-medium ${look().look}`}
    >
      <Dynamic component={look().icon} class="size-3.5" aria-hidden="true" />
      {look().word}
    </span>
  );
}
