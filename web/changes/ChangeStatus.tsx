import GitMerge from "lucide-solid/icons/git-merge";
import GitPullRequest from "lucide-solid/icons/git-pull-request";
import GitPullRequestClosed from "lucide-solid/icons/git-pull-request-closed";
import { Dynamic } from "solid-js/web";

const looks = {
  open: { icon: GitPullRequest, word: "Open", look: "bg-running-soft text-running" },
  merged: { icon: GitMerge, word: "Merged", look: "bg-succeeded-soft text-succeeded" },
  closed: { icon: GitPullRequestClosed, word: "Closed", look: "bg-queued-soft text-canceled" },
} as const;

export function ChangeStatus(props: { status: keyof typeof looks }) {
  return (
    <span
      class={`inline-flex h-6 shrink-0 items-center gap-1 rounded-full pr-2 pl-1.5 text-xs font-medium ${looks[props.status].look}`}
    >
      <Dynamic component={looks[props.status].icon} class="size-3.5" aria-hidden="true" />
      {looks[props.status].word}
    </span>
  );
}
