import { useQueryClient } from "@tanstack/solid-query";
import GitMerge from "lucide-solid/icons/git-merge";
import { createSignal, For, Show } from "solid-js";
import { z } from "zod/mini";
import { toCoderError } from "../../shared/errors.ts";
import { useApi, type Outputs } from "../api.ts";
import type { Project } from "../project.ts";
import { Button } from "../ui/Button.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { missingChecks } from "./ChecksPanel.tsx";

type Change = Outputs["changes"]["get"];
const conflictDetails = z.object({ conflicts: z.array(z.string()) });

/** Merges exactly the head that is shown; another one is refused by the server. A draft is made ready first. */
export function MergeButton(props: { project: Project; change: Change }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [pending, setPending] = createSignal(false);
  const [conflicts, setConflicts] = createSignal<string[]>([]);
  const one = () => ({ projectId: props.project.id, number: props.change.number });
  const merge = async () => {
    setPending(true);
    setConflicts([]);
    try {
      await api.changes.merge.mutate({ ...one(), expectedHead: props.change.headCommit });
      toasts.show({ text: `Change #${props.change.number} is merged into ${props.change.baseBranch}.` });
    } catch (error) {
      setConflicts(conflictDetails.safeParse(toCoderError(error).details).data?.conflicts ?? []);
      toasts.fail("The change was not merged", error);
    } finally {
      await queries.invalidateQueries();
      setPending(false);
    }
  };
  const makeReady = async () => {
    setPending(true);
    try {
      await api.changes.edit.mutate({ ...one(), draft: false });
      await queries.invalidateQueries({ queryKey: ["changes"] });
    } catch (error) {
      toasts.fail("The change is still a draft", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <>
      <Show when={conflicts().length > 0}>
        <details class="relative">
          <summary class="hit inline-flex items-center text-failed">{conflicts().length} conflicts</summary>
          <ul class="absolute right-0 z-10 rounded-panel border border-line bg-raised p-3 font-mono text-xs shadow-float">
            <For each={conflicts()}>{(path) => <li>{path}</li>}</For>
          </ul>
        </details>
      </Show>
      <Show
        when={props.change.draft}
        fallback={
          <Button
            variant="primary"
            pending={pending()}
            disabled={missingChecks(props.change).length > 0}
            icon={<GitMerge class="size-4" aria-hidden="true" />}
            onClick={() => void merge()}
          >
            Merge
          </Button>
        }
      >
        <Button variant="primary" pending={pending()} onClick={() => void makeReady()}>
          Mark as ready
        </Button>
      </Show>
    </>
  );
}
