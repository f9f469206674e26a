import CircleAlert from "lucide-solid/icons/circle-alert";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import { For, Show } from "solid-js";
import type { Problem } from "../../shared/workflow/problem.ts";
import { correctionOf } from "../editor/correction.ts";
import { Button } from "../ui/Button.tsx";

/** What the linter found, in order of place; each goes there, and offers the name that was probably meant. */
export function ProblemList(props: {
  problems: readonly Problem[];
  onSelect?: ((problem: Problem) => void) | undefined;
  onCorrect?: ((problem: Problem, correction: string) => void) | undefined;
}) {
  return (
    <ul class="flex flex-col gap-1 text-xs" aria-label="Problems">
      <For each={props.problems}>
        {(problem) => {
          const text = (
            <>
              <Show
                when={problem.severity === "error"}
                fallback={<TriangleAlert class="mt-0.5 size-3.5 shrink-0" aria-label="Warning" />}
              >
                <CircleAlert class="mt-0.5 size-3.5 shrink-0" aria-label="Error" />
              </Show>
              <span>
                <span class="tabular">
                  {problem.line}:{problem.column}
                </span>{" "}
                {problem.message}
                <Show when={problem.hint}>{(hint) => <> ({hint()})</>}</Show>
              </span>
            </>
          );
          const look = `flex items-start gap-2 text-left ${problem.severity === "error" ? "text-failed" : "text-waiting"}`;
          return (
            <li class={props.onSelect === undefined ? look : "flex items-center gap-1"}>
              <Show when={props.onSelect} fallback={text}>
                {(select) => (
                  <button
                    type="button"
                    class={`${look} hit w-full rounded-control px-2 py-1 hover:bg-hover`}
                    onClick={() => select()(problem)}
                  >
                    {text}
                  </button>
                )}
              </Show>
              <Show when={props.onCorrect && correctionOf(problem)}>
                {(correction) => (
                  <Button variant="ghost" onClick={() => props.onCorrect?.(problem, correction())}>
                    Change to {correction()}
                  </Button>
                )}
              </Show>
            </li>
          );
        }}
      </For>
    </ul>
  );
}
