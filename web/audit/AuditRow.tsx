import Check from "lucide-solid/icons/check";
import Hand from "lucide-solid/icons/hand";
import X from "lucide-solid/icons/x";
import { Show, type JSX } from "solid-js";
import type { Outputs } from "../api.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";

type Entry = Outputs["audit"]["list"]["items"][number];

const decisions: Record<Entry["decision"], { word: string; class: string; icon: () => JSX.Element }> = {
  allow: { word: "Allowed", class: "text-succeeded", icon: () => <Check aria-hidden="true" /> },
  deny: { word: "Denied", class: "text-failed", icon: () => <X aria-hidden="true" /> },
  ask: { word: "Asked", class: "text-waiting", icon: () => <Hand aria-hidden="true" /> },
};

function who(entry: Entry): string {
  if (entry.actor === "system") return "Coder";
  if (entry.actor.startsWith("user:")) return entry.actorName ?? "an account that is gone";
  return entry.runNumber === null ? "a run that is gone" : `Run #${entry.runNumber}`;
}

/** What the entry is about, in a line. */
function about(entry: Entry): string {
  return Object.entries(entry.subject)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}

/** One entry: decision, action and rule; who, where and when; links to the run and its step, or to the change. */
export function AuditRow(props: { entry: Entry; orgSlug: string }) {
  const looks = () => decisions[props.entry.decision];
  const project = () => props.entry.projectSlug;
  const run = () =>
    project() === null || props.entry.runNumber === null
      ? null
      : `/${props.orgSlug}/${project()}/runs/${props.entry.runNumber}${
          props.entry.stepId === null ? "" : `?step=${props.entry.stepId}`
        }`;
  const change = () => {
    const { number } = props.entry.subject;
    return project() !== null && props.entry.action.startsWith("change.") && typeof number === "number"
      ? `/${props.orgSlug}/${project()}/changes/${number}`
      : null;
  };
  return (
    <li class="flex flex-wrap items-baseline gap-x-3 gap-y-1 px-3 py-2">
      <span
        class={`inline-flex w-24 shrink-0 items-center gap-1 text-xs font-medium [&_svg]:size-4 ${looks().class}`}
      >
        {looks().icon()} {looks().word}
      </span>
      <div class="flex min-w-0 flex-1 basis-64 flex-col gap-0.5">
        <p class="flex flex-wrap items-baseline gap-x-2">
          <span class="font-medium break-all">{props.entry.action}</span>
          <code class="text-xs break-all text-muted">{props.entry.rule}</code>
        </p>
        <Show when={about(props.entry) !== ""}>
          <p class="line-clamp-2 text-xs break-words text-muted" title={about(props.entry)}>
            {about(props.entry)}
          </p>
        </Show>
      </div>
      <p class="flex min-w-0 flex-wrap items-baseline gap-x-2 text-xs text-muted sm:w-72 sm:justify-end">
        <Show when={run()} fallback={<span class="truncate">{who(props.entry)}</span>}>
          {(href) => (
            <>
              <Show when={!props.entry.actor.startsWith("run:")}>
                <span class="truncate">{who(props.entry)}</span>
              </Show>
              <a class="link" href={href()}>
                Run #{props.entry.runNumber}
                {props.entry.stepId === null ? "" : `, ${props.entry.stepId}`}
              </a>
            </>
          )}
        </Show>
        <Show when={change()}>
          {(href) => (
            <a class="link" href={href()}>
              the change
            </a>
          )}
        </Show>
        <Show when={project()}>{(slug) => <span class="truncate">{slug()}</span>}</Show>
        <RelativeTime at={props.entry.at} />
        <span class="tabular" title={props.entry.hash}>
          {props.entry.seq}
        </span>
      </p>
    </li>
  );
}
