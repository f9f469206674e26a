import { createQuery } from "@tanstack/solid-query";
import { createMemo, For, Show, type JSX } from "solid-js";
import { nextDueTimes } from "../../shared/trigger/dueTimes.ts";
import { policiesInWords, triggerInWords } from "../../shared/workflow/describe/workflowInWords.ts";
import type { Workflow } from "../../shared/workflow/schema.ts";
import { useApi } from "../api.ts";
import type { Project } from "../project.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StatusBadge } from "../ui/StatusBadge.tsx";

export interface WorkflowFactsProps {
  workflow: Workflow | null;
  project: Project;
  /** `/:org/:project` */
  base: string;
  path: string;
}

/** What the file says, in words, and how it went: triggers, policies, inputs, last runs, history. */
export function WorkflowFacts(props: WorkflowFactsProps) {
  const api = useApi();
  const runs = createQuery(() => ({
    queryKey: ["runs", props.project.id, "of", props.path],
    queryFn: () => api.runs.list.query({ projectId: props.project.id, workflowPath: props.path, limit: 5 }),
  }));
  const commits = createQuery(() => ({
    queryKey: ["log", props.project.id, "of", props.path],
    queryFn: () =>
      api.files.log.query({
        projectId: props.project.id,
        ref: props.project.defaultBranch,
        limit: 10,
        path: props.path,
      }),
    retry: false,
  }));
  return (
    <div class="grid gap-6 p-4 sm:grid-cols-2">
      <Show
        when={props.workflow}
        fallback={
          <p class="text-muted sm:col-span-2">What it does is told here once its errors are corrected.</p>
        }
      >
        {(workflow) => <Meaning workflow={workflow()} />}
      </Show>
      <Fact title="Last runs">
        <Show when={runs.data?.items.length} fallback={<p class="text-muted">Never run.</p>}>
          <ul class="flex flex-col gap-1">
            <For each={runs.data?.items}>
              {(run) => (
                <li>
                  <a
                    href={`${props.base}/runs/${run.number}`}
                    class="hit inline-flex items-center gap-2 hover:text-accent-text"
                  >
                    <StatusBadge status={run.status} /> <span class="tabular">#{run.number}</span>
                    <span class="text-xs text-muted">
                      <RelativeTime at={run.createdAt} />
                    </span>
                  </a>
                </li>
              )}
            </For>
          </ul>
        </Show>
      </Fact>
      <Fact title="History of the file">
        <Show when={commits.data?.commits.length} fallback={<p class="text-muted">In no commit yet.</p>}>
          <ul class="flex flex-col gap-1">
            <For each={commits.data?.commits}>
              {(commit) => (
                <li class="flex min-w-0 items-baseline gap-2">
                  <code class="text-xs text-muted">{commit.sha.slice(0, 7)}</code>
                  <span class="min-w-0 truncate">{commit.message.split("\n")[0]}</span>
                  <span class="shrink-0 text-xs text-muted">
                    {commit.author}, <RelativeTime at={commit.at} />
                  </span>
                </li>
              )}
            </For>
          </ul>
        </Show>
      </Fact>
    </div>
  );
}

function Meaning(props: { workflow: Workflow }) {
  const inputs = () => Object.entries(props.workflow.inputs);
  const next = createMemo(() => {
    const now = Date.now();
    const times = props.workflow.triggers.flatMap((trigger) =>
      trigger.type === "cron" ? nextDueTimes(trigger, { from: now, max: 1 }) : [],
    );
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  });
  return (
    <>
      <Fact title="Starts">
        <ul class="flex flex-col gap-1">
          <For each={props.workflow.triggers} fallback={<li class="text-muted">By hand only.</li>}>
            {(trigger) => <li>{triggerInWords(trigger)}</li>}
          </For>
        </ul>
        <Show when={next()}>
          {(time) => (
            <p class="pt-1 text-muted">
              Next: <time dateTime={time().toISOString()}>{time().toLocaleString()}</time>, your time
            </p>
          )}
        </Show>
      </Fact>
      <Fact title="May do">
        <ul class="flex flex-col gap-1">
          <For each={policiesInWords(props.workflow.policies)}>{(line) => <li>{line}</li>}</For>
        </ul>
      </Fact>
      <Show when={inputs().length > 0}>
        <Fact title="Asks for">
          <ul class="flex flex-col gap-1">
            <For each={inputs()}>
              {([name, input]) => (
                <li>
                  <code class="text-xs">{name}</code>{" "}
                  <span class="text-muted">
                    {input.type === "choice" ? input.options.join(", ") : input.type}
                    {input.default === undefined ? "" : `, default ${String(input.default)}`}
                  </span>
                </li>
              )}
            </For>
          </ul>
        </Fact>
      </Show>
    </>
  );
}

function Fact(props: { title: string; children: JSX.Element }) {
  return (
    <section class="flex min-w-0 flex-col gap-2">
      <h2 class="text-xs font-medium text-muted">{props.title}</h2>
      <div class="min-w-0">{props.children}</div>
    </section>
  );
}
