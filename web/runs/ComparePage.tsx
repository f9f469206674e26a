import { useLocation, useParams, useSearchParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { createMemo, For, Match, Show, Switch, type JSX } from "solid-js";
import { formatCredits } from "../../shared/billing/credits.ts";
import { diffRuns, type RunDiff } from "../../shared/run/diffRuns.ts";
import { useApi } from "../api.ts";
import { createProject } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { StatusBadge } from "../ui/StatusBadge.tsx";
import { CommitDiff, TextDiff } from "./CompareTexts.tsx";
import { CompareSteps } from "./CompareSteps.tsx";
import { factsOf, type Comparable } from "./runFacts.ts";

/** `/:org/:project/runs/:number/compare?with=41`: what a run has other than another; without a number, than the one before of its workflow. */
export function ComparePage() {
  const params = useParams();
  const project = createProject();
  const runs = () => `/${params["org"]}/${params["project"]}/runs`;
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: `/${params["org"]}/runs` },
          {
            label: project.data?.name ?? params["project"] ?? "",
            href: `/${params["org"]}/${params["project"]}`,
          },
          { label: "Runs", href: runs() },
          { label: `#${params["number"]}`, href: `${runs()}/${params["number"]}` },
          { label: "Compare" },
        ]}
      >
        <Column wide>
          <Switch>
            <Match when={project.error}>
              {(error) => (
                <ErrorState
                  title="The project could not be loaded"
                  error={error()}
                  retry={() => void project.refetch()}
                />
              )}
            </Match>
            <Match when={project.data?.id}>
              {(projectId) => <Comparison projectId={projectId()} number={Number(params["number"])} />}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function Comparison(props: { projectId: string; number: number }) {
  const api = useApi();
  const [search] = useSearchParams<{ with?: string }>();
  const load = (number: number) => api.history.comparable.query({ projectId: props.projectId, number });
  const to = createQuery(() => ({
    queryKey: ["comparable", props.projectId, props.number],
    queryFn: () => load(props.number),
  }));
  const from = createQuery(() => ({
    queryKey: ["comparable", props.projectId, props.number, "with", search.with ?? "previous"],
    enabled: to.data !== undefined,
    queryFn: async (): Promise<Comparable | null> => {
      const named = Number(search.with);
      if (Number.isInteger(named) && named > 0) return load(named);
      const run = to.data?.run;
      if (run === undefined) return null;
      const before = await api.runs.list.query({
        projectId: props.projectId,
        workflowPath: run.workflowPath,
        cursor: `${run.createdAt}_${run.id}`,
        limit: 1,
      });
      const [previous] = before.items;
      return previous === undefined ? null : load(previous.number);
    },
  }));
  const both = () => (from.data && to.data ? { from: from.data, to: to.data } : null);
  return (
    <Switch
      fallback={
        <p class="flex items-center gap-2 text-muted">
          <Spinner /> Loading both runs
        </p>
      }
    >
      <Match when={to.error ?? from.error}>
        {(error) => (
          <ErrorState
            title="The runs could not be compared"
            error={error()}
            retry={() => void (to.error ? to : from).refetch()}
          />
        )}
      </Match>
      <Match when={from.data === null}>
        <EmptyState title="There is no earlier run of this workflow to compare with" />
      </Match>
      <Match when={both()}>
        {(loaded) => <Differences projectId={props.projectId} from={loaded().from} to={loaded().to} />}
      </Match>
    </Switch>
  );
}

function Differences(props: { projectId: string; from: Comparable; to: Comparable }) {
  const location = useLocation();
  const runs = () => location.pathname.replace(/\/\d+\/compare$/, "");
  const diff = createMemo(() => diffRuns(factsOf(props.from), factsOf(props.to)));
  const sameWorkflow = () => props.from.run.workflowPath === props.to.run.workflowPath;
  return (
    <>
      <div class="grid gap-3 sm:grid-cols-2">
        <RunCard word="From" shown={props.from} base={runs()} />
        <RunCard word="To" shown={props.to} base={runs()} />
      </div>
      <Show when={!sameWorkflow()}>
        <p class="text-waiting">These are runs of two different workflows.</p>
      </Show>
      <Part title="Steps">
        <CompareSteps projectId={props.projectId} steps={diff().steps} from={props.from} to={props.to} />
      </Part>
      <Tests diff={diff()} />
      <Values title="Inputs" changes={diff().inputs} same="The same inputs." />
      <Values title="Outputs" changes={diff().outputs} same="The same outputs." />
      <Part title="Workflow">
        <Show when={diff().workflow} fallback={<p class="text-muted">The same text.</p>}>
          <TextDiff name={props.to.run.workflowPath} from={props.from.yaml} to={props.to.yaml} />
        </Show>
      </Part>
      <Part title="Commit">
        <Show when={diff().commit} fallback={<p class="text-muted">The same commit.</p>}>
          <CommitDiff projectId={props.projectId} base={props.from.run.commit} head={props.to.run.commit} />
        </Show>
      </Part>
    </>
  );
}

function RunCard(props: { word: string; shown: Comparable; base: string }) {
  return (
    <a
      href={`${props.base}/${props.shown.run.number}`}
      class="flex flex-col gap-1 rounded-panel border border-line bg-surface p-3 hover:bg-hover"
    >
      <span class="text-xs text-muted">{props.word}</span>
      <span class="flex flex-wrap items-center gap-2">
        <StatusBadge status={props.shown.run.status} />
        <span class="font-medium">
          {props.shown.run.name} <span class="tabular font-normal">#{props.shown.run.number}</span>
        </span>
        <Show when={props.shown.run.millicredits > 0}>
          <span class="tabular text-xs text-muted">{formatCredits(props.shown.run.millicredits)}</span>
        </Show>
      </span>
      <span class="text-xs text-muted">
        <span class="font-mono">
          {props.shown.run.ref}@{props.shown.run.commit.slice(0, 7)}
        </span>{" "}
        · <RelativeTime at={props.shown.run.createdAt} />
      </span>
    </a>
  );
}

function Part(props: { title: string; children: JSX.Element }) {
  return (
    <section class="flex flex-col gap-2">
      <h2 class="text-base">{props.title}</h2>
      {props.children}
    </section>
  );
}

function Tests(props: { diff: RunDiff }) {
  return (
    <Show when={props.diff.tests}>
      {(tests) => (
        <Part title="Tests">
          <p class="tabular">
            {tests().passed[0] ?? "no report"} → {tests().passed[1] ?? "no report"} passed,{" "}
            {tests().failed[0] ?? "–"} → {tests().failed[1] ?? "–"} failed
          </p>
          <Names title="Fail now" names={tests().newlyFailing} look="text-failed" />
          <Names title="No longer fail" names={tests().noLongerFailing} look="text-succeeded" />
          <Names title="Still fail" names={tests().stillFailing} look="text-muted" />
        </Part>
      )}
    </Show>
  );
}

function Names(props: { title: string; names: readonly string[]; look: string }) {
  return (
    <Show when={props.names.length > 0}>
      <div>
        <h3 class={`text-sm ${props.look}`}>
          {props.title} <span class="tabular">{props.names.length}</span>
        </h3>
        <ul class="list-disc pl-5">
          <For each={props.names}>{(name) => <li class="break-words">{name}</li>}</For>
        </ul>
      </div>
    </Show>
  );
}

function Values(props: { title: string; changes: RunDiff["inputs"]; same: string }) {
  const shown = (value: unknown) => (value === undefined ? "–" : JSON.stringify(value));
  return (
    <Part title={props.title}>
      <Show when={props.changes.length > 0} fallback={<p class="text-muted">{props.same}</p>}>
        <dl class="divide-y divide-line rounded-panel border border-line bg-surface">
          <For each={props.changes}>
            {(change) => (
              <div class="flex flex-wrap gap-x-3 px-3 py-1.5">
                <dt class="w-48 shrink-0 truncate font-mono text-xs leading-5">{change.name}</dt>
                <dd class="min-w-0 flex-1 font-mono text-xs leading-5 break-words">
                  <del class="text-failed no-underline">
                    <span class="sr-only">was </span>
                    {shown(change.from)}
                  </del>{" "}
                  →{" "}
                  <ins class="text-succeeded no-underline">
                    <span class="sr-only">is </span>
                    {shown(change.to)}
                  </ins>
                </dd>
              </div>
            )}
          </For>
        </dl>
      </Show>
    </Part>
  );
}
