import Box from "lucide-solid/icons/box";
import ExternalLink from "lucide-solid/icons/external-link";
import FileDiff from "lucide-solid/icons/file-diff";
import FileText from "lucide-solid/icons/file-text";
import FlaskConical from "lucide-solid/icons/flask-conical";
import Globe from "lucide-solid/icons/globe";
import Sparkles from "lucide-solid/icons/sparkles";
import { For, Show, type JSX } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { Artifact, ArtifactKind } from "../../shared/run/events.ts";
import { formatBytes } from "../ui/formatTime.ts";
import { deployOf, testNumbers, testReportOf } from "./artifactData.ts";

const icons: Partial<Record<ArtifactKind, (props: { class?: string }) => JSX.Element>> = {
  patch: FileDiff,
  test_report: FlaskConical,
  deploy_url: Globe,
  log_bundle: FileText,
  release_notes: FileText,
  proposal: Sparkles,
};

const words: Record<ArtifactKind, string> = {
  patch: "Patch",
  pr_link: "Change",
  test_report: "Tests",
  deploy_url: "Deployment",
  log_bundle: "Logs",
  release_notes: "Release notes",
  metrics: "Metrics",
  file: "File",
  proposal: "Proposal",
};

/** The word for a kind of artifact. */
export function artifactKindWord(kind: ArtifactKind): string {
  return words[kind];
}

/** What an artifact is called on the page. */
export function artifactTitle(artifact: Artifact): string {
  const report = testReportOf(artifact);
  if (report !== null) return testNumbers(report);
  const deploy = deployOf(artifact);
  if (deploy !== null) return new URL(deploy.url).host;
  return artifact.name;
}

export interface ArtifactListProps {
  artifacts: readonly Artifact[];
  selected: string | null;
  onSelect: (artifactId: string) => void;
}

export function ArtifactList(props: ArtifactListProps) {
  return (
    <section aria-labelledby="artifacts" class="flex flex-col gap-1">
      <h2 id="artifacts" class="px-2 text-xs font-medium text-muted">
        Artifacts
      </h2>
      <ul class="flex flex-col gap-px">
        <For each={props.artifacts} fallback={<li class="px-2 text-muted">None yet.</li>}>
          {(artifact) => (
            <li class="flex items-center">
              <button
                type="button"
                aria-current={props.selected === artifact.id ? "true" : undefined}
                onClick={() => props.onSelect(artifact.id)}
                class="hit flex min-w-0 flex-1 items-center gap-2 rounded-control px-2 text-left hover:bg-hover aria-[current=true]:bg-accent-soft"
              >
                <Dynamic
                  component={icons[artifact.kind] ?? Box}
                  class="size-4 shrink-0 text-muted"
                  aria-hidden="true"
                />
                <span
                  class="min-w-0 flex-1 truncate"
                  classList={{ "text-failed": (testReportOf(artifact)?.failed ?? 0) > 0 }}
                >
                  <span class="sr-only">{words[artifact.kind]}: </span>
                  {artifactTitle(artifact)}
                </span>
                <Show when={artifact.size > 0}>
                  <span class="tabular shrink-0 text-xs text-muted">{formatBytes(artifact.size)}</span>
                </Show>
              </button>
              <Show when={deployOf(artifact)}>
                {(deploy) => (
                  <a
                    href={deploy().url}
                    target="_blank"
                    rel="noreferrer"
                    aria-label={`Open ${deploy().url} in a new tab`}
                    class="inline-flex size-8 items-center justify-center rounded-control text-muted hover:bg-hover hover:text-text"
                  >
                    <ExternalLink class="size-4" aria-hidden="true" />
                  </a>
                )}
              </Show>
            </li>
          )}
        </For>
      </ul>
    </section>
  );
}
