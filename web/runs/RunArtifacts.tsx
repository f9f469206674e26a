import { useNavigate } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { createMemo, Match, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Graph } from "../ui/Graph.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { chainEdges, type ChainLink } from "./artifactChain.ts";
import { artifactKindWord } from "./ArtifactList.tsx";

/** What the run has made and what came of it, also in other runs: patch, change, tests, deployment, notes. */
export function RunArtifacts(props: { runId: string; count: number; base: string }) {
  const api = useApi();
  const navigate = useNavigate();
  const chain = createQuery(() => ({
    queryKey: ["chain", props.runId, props.count],
    queryFn: () => api.history.chain.query({ runId: props.runId }),
  }));
  const edges = createMemo(() => chainEdges(chain.data ?? []));
  const detail = (link: ChainLink) =>
    `${artifactKindWord(link.kind)} · ${link.runId === props.runId ? "this run" : `${link.runName} #${link.runNumber}`}`;
  const open = (id: string) => {
    const link = chain.data?.find((each) => each.id === id);
    if (link !== undefined) navigate(`${props.base}/${link.runNumber}?artifact=${id}`);
  };
  return (
    <Switch>
      <Match when={chain.error}>
        {(error) => (
          <ErrorState
            title="The artifacts could not be loaded"
            error={error()}
            retry={() => void chain.refetch()}
          />
        )}
      </Match>
      <Match when={chain.isLoading}>
        <p class="flex items-center gap-2 p-4 text-muted">
          <Spinner /> Loading the artifacts
        </p>
      </Match>
      <Match when={chain.data?.length === 0}>
        <EmptyState
          title="Nothing made yet"
          text="Patches, test reports, deployments and notes of this run stand here, each beside what it was made from."
        />
      </Match>
      <Match when={chain.data}>
        {(links) => (
          <Graph
            label="Artifacts and what they were made from"
            class="flex-1"
            nodes={links().map((link) => ({ id: link.id, label: link.name, detail: detail(link) }))}
            edges={edges()}
            selected={null}
            onSelect={open}
          />
        )}
      </Match>
    </Switch>
  );
}
