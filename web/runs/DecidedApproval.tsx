import Ban from "lucide-solid/icons/ban";
import Check from "lucide-solid/icons/circle-check";
import Cross from "lucide-solid/icons/circle-x";
import Dashed from "lucide-solid/icons/circle-dashed";
import { Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { Outputs } from "../api.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { ApprovalSubject } from "./ApprovalSubject.tsx";

export type Decided = Outputs["approvals"]["history"][number];

/** What became of an approval, in the words of the page. */
export const outcomes = {
  approved: { word: "Approved", look: "bg-succeeded-soft text-succeeded", icon: Check },
  rejected: { word: "Rejected", look: "bg-failed-soft text-failed", icon: Cross },
  expired: { word: "Expired", look: "bg-queued-soft text-queued", icon: Dashed },
  void: { word: "Void", look: "bg-queued-soft text-queued", icon: Ban },
} as const;

/** Who decided, or why nobody's decision holds. */
function by(approval: Decided): string {
  if (approval.status === "expired") return "Nobody decided in time";
  if (approval.status === "void")
    return approval.decidedBy === null
      ? "The run ended, or what would happen changed, before anybody decided"
      : `What would happen changed after ${approval.decidedBy} had decided`;
  return `${approval.status === "approved" ? "Approved" : "Rejected"} by ${approval.decidedBy ?? "an account that is gone"}`;
}

/** One decision: outcome, what was asked, who decided when and why; what it was about and its hash when opened. */
export function DecidedApproval(props: { approval: Decided }) {
  const path = () => `${props.approval.orgSlug}/${props.approval.projectSlug}`;
  const look = () => outcomes[props.approval.status];
  return (
    <li class="relative">
      <details>
        <summary class="flex cursor-pointer flex-wrap items-baseline gap-x-3 gap-y-1 px-3 py-2.5 outline-offset-[-2px] hover:bg-hover sm:pr-60">
          <span
            class={`inline-flex h-6 w-24 shrink-0 items-center gap-1 self-start rounded-full pr-2 pl-1 text-xs font-medium ${look().look}`}
          >
            <Dynamic component={look().icon} class="size-4" aria-hidden="true" />
            {look().word}
          </span>
          <span class="flex min-w-0 flex-1 basis-64 flex-col gap-0.5">
            <span class="font-medium break-words">{props.approval.reason}</span>
            <span class="text-xs break-words text-muted">
              {by(props.approval)}
              <Show when={props.approval.comment}>{(comment) => <>: “{comment()}”</>}</Show>
            </span>
          </span>
        </summary>
        <div class="flex flex-col gap-2 border-t border-line bg-sunken px-3 py-3">
          <p class="text-xs text-muted">
            {props.approval.action === null
              ? `Asked by the step ${props.approval.stepId}`
              : `Asked before ${props.approval.action} in the step ${props.approval.stepId}`}
            <Show when={props.approval.rule}>
              {(rule) => (
                <>
                  {" by "}
                  <code class="break-all">{rule()}</code>
                </>
              )}
            </Show>
            {" of "}
            {props.approval.runName}, <RelativeTime at={props.approval.requestedAt} />.
          </p>
          <ApprovalSubject before={props.approval.subjectBefore} now={props.approval.subject} />
          <p class="flex min-w-0 items-center gap-1 text-muted">
            <span class="shrink-0">Hash</span>
            <code class="min-w-0 truncate text-xs" title={props.approval.contentHash}>
              {props.approval.contentHash}
            </code>
            <CopyButton label="Copy the hash" text={() => props.approval.contentHash} />
          </p>
        </div>
      </details>
      <span class="flex shrink-0 flex-wrap items-baseline justify-end gap-x-3 px-3 pb-2.5 text-xs text-muted max-sm:justify-start max-sm:pt-2 sm:absolute sm:top-3 sm:right-0 sm:max-w-60 sm:p-0 sm:pr-3">
        <a
          class="link"
          href={`/${path()}/runs/${props.approval.runNumber}?step=${encodeURIComponent(props.approval.stepId)}`}
        >
          {path()} #{props.approval.runNumber}
        </a>
        <RelativeTime at={props.approval.decidedAt ?? props.approval.requestedAt} />
      </span>
    </li>
  );
}
