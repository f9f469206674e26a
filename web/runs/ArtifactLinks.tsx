import { createQuery } from "@tanstack/solid-query";
import { createMemo, For, Show } from "solid-js";
import { useApi } from "../api.ts";
import { chainEdges, type ChainLink } from "./artifactChain.ts";
import { artifactKindWord } from "./ArtifactList.tsx";

/** What an artifact was made from and what came of it, also in other runs, each a link. */
export function ArtifactLinks(props: { artifactId: string; runId: string; base: string }) {
  const api = useApi();
  const chain = createQuery(() => ({
    queryKey: ["chain", props.runId],
    queryFn: () => api.history.chain.query({ runId: props.runId }),
    staleTime: 30_000,
  }));
  const edges = createMemo(() => chainEdges(chain.data ?? []));
  const find = (id: string) => chain.data?.find((link) => link.id === id);
  const before = () =>
    edges().flatMap((edge) => (edge.to === props.artifactId ? (find(edge.from) ?? []) : []));
  const after = () =>
    edges().flatMap((edge) => (edge.from === props.artifactId ? (find(edge.to) ?? []) : []));
  return (
    <Show when={before().length + after().length > 0}>
      <p class="flex shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line bg-surface px-3 py-1.5 text-xs text-muted">
        <Links word="Made from" links={before()} runId={props.runId} base={props.base} />
        <Links word="Became" links={after()} runId={props.runId} base={props.base} />
      </p>
    </Show>
  );
}

function Links(props: { word: string; links: readonly ChainLink[]; runId: string; base: string }) {
  return (
    <Show when={props.links.length > 0}>
      <span>{props.word}</span>
      <For each={props.links}>
        {(link) => (
          <a class="link" href={`${props.base}/${link.runNumber}?artifact=${link.id}`}>
            {artifactKindWord(link.kind).toLowerCase()} {link.name}
            {link.runId === props.runId ? "" : ` of run #${link.runNumber}`}
          </a>
        )}
      </For>
    </Show>
  );
}
