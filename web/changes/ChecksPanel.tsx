import ExternalLink from "lucide-solid/icons/external-link";
import { For, Match, Show, Switch } from "solid-js";
import type { Outputs } from "../api.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StatusIcon, type Status } from "../ui/StatusBadge.tsx";

type Change = Outputs["changes"]["get"];
type Check = Change["checks"][number];

const looks: Record<Check["status"], { status: Status; word: string }> = {
  queued: { status: "queued", word: "queued" },
  running: { status: "running", word: "running" },
  passed: { status: "succeeded", word: "passed" },
  failed: { status: "failed", word: "failed" },
  skipped: { status: "skipped", word: "skipped" },
};

/** Names of the required checks that have not passed on the change's head. */
export function missingChecks(change: Pick<Change, "checks" | "requiredChecks">): string[] {
  return change.requiredChecks.filter(
    (name) => !change.checks.some((check) => check.name === name && check.status === "passed"),
  );
}

/** What programs found of the change's head, and which of it a merge needs. */
export function ChecksPanel(props: { change: Change; base: string }) {
  const waitedFor = () =>
    props.change.requiredChecks.filter((name) => !props.change.checks.some((check) => check.name === name));
  const missing = () => missingChecks(props.change);
  return (
    <Show when={props.change.checks.length + props.change.requiredChecks.length > 0}>
      <section aria-label="Checks" class="overflow-hidden rounded-panel border border-line bg-surface">
        <header class="flex flex-wrap items-center gap-x-2 border-b border-line px-4 py-2">
          <h3 class="text-sm font-medium">Checks</h3>
          <span class="text-xs text-muted">
            of <code>{props.change.headCommit.slice(0, 7)}</code>
          </span>
          <Show when={props.change.status === "open" && missing().length > 0}>
            <span class="ml-auto text-xs text-muted">
              {missing().length === 1 ? "One check has" : `${missing().length} checks have`} to pass before
              the merge
            </span>
          </Show>
        </header>
        <ul class="divide-y divide-line">
          <For each={props.change.checks}>
            {(check) => (
              <CheckRow
                check={check}
                base={props.base}
                required={props.change.requiredChecks.includes(check.name)}
              />
            )}
          </For>
          <For each={waitedFor()}>
            {(name) => (
              <li class="flex flex-wrap items-center gap-2 px-4 py-2">
                <StatusIcon status="pending" />
                <span class="min-w-0 font-medium break-words">{name}</span>
                <span class="text-muted">not reported yet</span>
                <Required />
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

function CheckRow(props: { check: Check; base: string; required: boolean }) {
  return (
    <li class="flex flex-wrap items-center gap-x-2 gap-y-1 px-4 py-2">
      <StatusIcon status={looks[props.check.status].status} />
      <span class="min-w-0 font-medium break-words">{props.check.name}</span>
      <span class="text-muted">{looks[props.check.status].word}</span>
      <Show when={props.required}>
        <Required />
      </Show>
      <span class="ml-auto flex items-center gap-2 text-xs text-muted">
        <RelativeTime at={props.check.updatedAt} />
        <Switch fallback={props.check.source === "coder" ? "" : props.check.source}>
          <Match when={props.check.runNumber}>
            {(number) => (
              <a class="text-accent-text underline" href={`${props.base}/runs/${number()}`}>
                run #{number()}
              </a>
            )}
          </Match>
          <Match when={props.check.url}>
            {(url) => (
              <a
                class="inline-flex items-center gap-1 text-accent-text underline"
                href={url()}
                target="_blank"
                rel="noopener noreferrer"
              >
                {props.check.source} <ExternalLink class="size-3" aria-hidden="true" />
              </a>
            )}
          </Match>
        </Switch>
      </span>
    </li>
  );
}

function Required() {
  return <span class="rounded-full border border-line-strong px-2 text-xs text-muted">required</span>;
}
