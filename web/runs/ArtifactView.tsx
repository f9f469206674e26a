import { createQuery } from "@tanstack/solid-query";
import Download from "lucide-solid/icons/download";
import Search from "lucide-solid/icons/search";
import { createMemo, createSignal, For, lazy, Match, Show, Suspense, Switch } from "solid-js";
import { estimateOf } from "../../shared/run/estimate.ts";
import type { Artifact } from "../../shared/run/events.ts";
import { useApi } from "../api.ts";
import { Button, LinkButton } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { formatBytes } from "../ui/formatTime.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { StatusIcon } from "../ui/StatusBadge.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { deployOf, inlinePatchOf, testReportOf, type TestReport } from "./artifactData.ts";
import { ArtifactLinks } from "./ArtifactLinks.tsx";
import { artifactTitle } from "./ArtifactList.tsx";
import { DeployView } from "./DeployView.tsx";
import { EstimateView } from "./EstimateView.tsx";

const DiffView = lazy(async () => ({ default: (await import("../ui/DiffView.tsx")).DiffView }));
const ProposalView = lazy(async () => ({
  default: (await import("../operationalize/ProposalView.tsx")).ProposalView,
}));

/** Patches and notes up to this are shown; larger ones are to be downloaded. */
const shownBytes = 2_000_000;

export interface ArtifactViewProps {
  artifact: Artifact;
  runId: string;
  projectId: string;
  mayWrite: boolean;
  /** Path of the project's runs. */
  base: string;
}

/** One artifact in full, in place of the log. */
export function ArtifactView(props: ArtifactViewProps) {
  const api = useApi();
  const toasts = useToasts();
  const [opening, setOpening] = createSignal(false);
  const save = async () => {
    setOpening(true);
    try {
      const { url } = await api.runs.artifactUrl.query({ artifactId: props.artifact.id });
      const link = document.createElement("a");
      link.href = url;
      link.download = props.artifact.name;
      link.click();
    } catch (error) {
      toasts.fail("The artifact could not be downloaded", error);
    } finally {
      setOpening(false);
    }
  };
  return (
    <section class="flex min-h-0 flex-1 flex-col" aria-label={artifactTitle(props.artifact)}>
      <header class="flex min-h-10 shrink-0 flex-wrap items-center gap-2 border-b border-line bg-surface px-3 py-1">
        <h2 class="min-w-0 truncate font-medium">{artifactTitle(props.artifact)}</h2>
        <code class="text-xs text-muted" title={`sha-256 ${props.artifact.sha256}`}>
          {props.artifact.sha256.slice(0, 12)}
        </code>
        <Show when={props.artifact.size > 0}>
          <Button
            class="ml-auto"
            variant="ghost"
            pending={opening()}
            icon={<Download class="size-4" aria-hidden="true" />}
            onClick={() => void save()}
          >
            Download {formatBytes(props.artifact.size)}
          </Button>
        </Show>
      </header>
      <ArtifactLinks artifactId={props.artifact.id} runId={props.runId} base={props.base} />
      <div class="min-h-0 flex-1 overflow-y-auto p-4" tabIndex={0} role="region" aria-label="Artifact">
        <Suspense fallback={<Spinner />}>
          <Switch fallback={<DataView artifact={props.artifact} />}>
            <Match when={testReportOf(props.artifact)}>
              {(report) => <TestReportView report={report()} stepId={props.artifact.stepId} />}
            </Match>
            <Match when={estimateOf(props.artifact)}>
              {(estimate) => <EstimateView estimate={estimate()} />}
            </Match>
            <Match when={deployOf(props.artifact)}>
              {(deploy) => (
                <DeployView deploy={deploy()} projectId={props.projectId} mayWrite={props.mayWrite} />
              )}
            </Match>
            <Match when={props.artifact.kind === "patch" || props.artifact.kind === "release_notes"}>
              <TextArtifact artifact={props.artifact} />
            </Match>
            <Match when={props.artifact.kind === "log_bundle"}>
              <p class="text-muted">
                Everything that the run printed, compressed. Download it to read or keep it.
              </p>
            </Match>
            <Match when={props.artifact.kind === "proposal"}>
              <div class="flex max-w-3xl flex-col gap-6">
                <ProposalView data={props.artifact.data} />
                <div>
                  <LinkButton href={`?operationalize=${props.runId}`}>Open the change</LinkButton>
                </div>
              </div>
            </Match>
          </Switch>
        </Suspense>
      </div>
    </section>
  );
}

/** A patch as diff, notes as text; from the event when they are in it, else from storage. */
function TextArtifact(props: { artifact: Artifact }) {
  const api = useApi();
  const inline = createMemo(() => inlinePatchOf(props.artifact));
  const text = createQuery(() => ({
    queryKey: ["artifact", props.artifact.id],
    enabled: inline() === null && props.artifact.size > 0 && props.artifact.size <= shownBytes,
    staleTime: Infinity,
    queryFn: async () => {
      const { url } = await api.runs.artifactUrl.query({ artifactId: props.artifact.id });
      const response = await fetch(url);
      if (!response.ok) throw new Error(`The store answered ${response.status}.`);
      return response.text();
    },
  }));
  const shown = () => inline() ?? text.data;
  return (
    <Switch fallback={<DataView artifact={props.artifact} />}>
      <Match when={shown()}>
        {(content) => (
          <Show
            when={props.artifact.kind === "patch"}
            fallback={<pre class="text-sm whitespace-pre-wrap">{content()}</pre>}
          >
            <DiffView patch={content()} />
          </Show>
        )}
      </Match>
      <Match when={text.error}>
        {(error) => (
          <ErrorState
            title="The artifact could not be loaded"
            error={error()}
            retry={() => void text.refetch()}
          />
        )}
      </Match>
      <Match when={text.isLoading}>
        <Spinner />
      </Match>
      <Match when={props.artifact.size > shownBytes}>
        <p class="text-muted">{formatBytes(props.artifact.size)} is too much to show here. Download it.</p>
      </Match>
    </Switch>
  );
}

function TestReportView(props: { report: TestReport; stepId: string | null }) {
  /** The step's log with the test's own name searched for; suites are other lines of the output. */
  const logHref = (name: string) =>
    `?${new URLSearchParams({ step: props.stepId ?? "", find: name.split(" > ").at(-1) ?? name })}`;
  const numbers = () => [
    { word: "passed", value: props.report.passed, look: "text-succeeded" },
    {
      word: "failed",
      value: props.report.failed,
      look: props.report.failed > 0 ? "text-failed" : "text-muted",
    },
    { word: "skipped", value: props.report.skipped, look: "text-muted" },
  ];
  return (
    <div class="flex flex-col gap-6">
      <dl class="flex flex-wrap gap-8">
        <For each={numbers()}>
          {(number) => (
            <div class="flex flex-col-reverse">
              <dt class="text-muted">{number.word}</dt>
              <dd class={`tabular text-2xl font-semibold ${number.look}`}>{number.value}</dd>
            </div>
          )}
        </For>
      </dl>
      <Show when={props.report.failures.length > 0}>
        <section class="flex flex-col gap-3">
          <h3>Failed tests</h3>
          <ul class="divide-y divide-line rounded-panel border border-line bg-surface">
            <For each={props.report.failures}>
              {(name) => (
                <li>
                  <a
                    href={logHref(name)}
                    class="hit flex items-center gap-2 px-3 py-1 hover:bg-hover"
                    title="Find it in the log"
                  >
                    <StatusIcon status="failed" />
                    <span class="min-w-0 flex-1 break-words">{name}</span>
                    <Search class="size-4 shrink-0 text-muted" aria-hidden="true" />
                  </a>
                </li>
              )}
            </For>
          </ul>
        </section>
      </Show>
    </div>
  );
}

/** An artifact of a kind that has no view of its own: its data as it is. */
function DataView(props: { artifact: Artifact }) {
  return <pre class="text-xs whitespace-pre-wrap">{JSON.stringify(props.artifact.data, null, 2)}</pre>;
}
