import FlaskConical from "lucide-solid/icons/flask-conical";
import { createEffect, createSignal, For, on, Show } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Select } from "../ui/Select.tsx";
import { counted } from "../../shared/counted.ts";

type Answer = Outputs["policy"]["whatIf"];
type Difference = Answer["differences"][number];

const headings: Record<Difference["newAnswer"], string> = {
  deny: "Newly denied",
  ask: "Newly asked about",
  allow: "Newly allowed",
};
const looks: Record<Difference["newAnswer"], string> = {
  deny: "text-failed",
  ask: "text-waiting",
  allow: "text-succeeded",
};
const lengths = ["10", "20", "50", "100"] as const;

/** What the edited file's policies would have said to the last runs of its workflow. */
export function WhatIf(props: {
  projectId: string;
  workflowPath: string;
  yaml: string;
  /** Where the runs are: `/org/project`. */
  base: string;
}) {
  const api = useApi();
  const [lastRuns, setLastRuns] = createSignal<(typeof lengths)[number]>("20");
  const [answer, setAnswer] = createSignal<Answer | null>(null);
  const [error, setError] = createSignal<unknown>(null);
  const [pending, setPending] = createSignal(false);
  // The answer is about the text that was asked about.
  createEffect(
    on(
      () => [props.yaml, props.workflowPath],
      () => {
        setAnswer(null);
        setError(null);
      },
      { defer: true },
    ),
  );
  const ask = async () => {
    setPending(true);
    setError(null);
    try {
      const { projectId, workflowPath, yaml } = props;
      setAnswer(
        await api.policy.whatIf.mutate({
          projectId,
          workflowPath,
          edited: { yaml },
          lastRuns: Number(lastRuns()),
        }),
      );
    } catch (thrown) {
      setAnswer(null);
      setError(thrown);
    } finally {
      setPending(false);
    }
  };
  return (
    <section class="flex flex-col gap-4" aria-label="What if">
      <div class="flex flex-wrap items-center gap-2">
        <Select
          label="Runs"
          hideLabel
          value={lastRuns()}
          onChange={setLastRuns}
          options={lengths.map((value) => ({ value, label: `Last ${value} runs` }))}
        />
        <Button icon={<FlaskConical aria-hidden="true" />} pending={pending()} onClick={() => void ask()}>
          Try these policies
        </Button>
      </div>
      <Show when={error()}>
        {(thrown) => <ErrorState title="The policies could not be tried" error={thrown()} />}
      </Show>
      <div aria-live="polite" class="flex flex-col gap-4">
        <Show when={answer()}>{(given) => <Differences answer={given()} base={props.base} />}</Show>
      </div>
    </section>
  );
}

function Differences(props: { answer: Answer; base: string }) {
  const of = (kind: Difference["newAnswer"]) =>
    props.answer.differences.filter((one) => one.newAnswer === kind);
  const looked = () => {
    const { runs, decisions } = props.answer;
    if (runs === 0) return "This workflow has not run yet, so there is nothing to try the policies on.";
    return `${counted(decisions, "decision")} of ${counted(runs, "run")} looked at.`;
  };
  return (
    <>
      <p class="text-muted">
        {looked()}
        <Show when={props.answer.runs > 0 && props.answer.differences.length === 0}>
          {" "}
          None would come out differently.
        </Show>
      </p>
      <For each={["deny", "ask", "allow"] as const}>
        {(kind) => (
          <Show when={of(kind).length > 0}>
            <div class="flex flex-col gap-2">
              <h2 class={`text-sm font-medium ${looks[kind]}`}>
                {headings[kind]} ({of(kind).length})
              </h2>
              <ul class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface">
                <For each={of(kind)}>
                  {(one) => (
                    <li class="flex flex-col gap-1 px-3 py-2">
                      <p class="flex flex-wrap items-baseline gap-x-2">
                        <code class="text-xs">{one.action}</code>
                        <a
                          class="link text-xs"
                          href={`${props.base}/runs/${one.runNumber}${one.stepId === null ? "" : `?step=${one.stepId}`}`}
                        >
                          run #{one.runNumber}
                          {one.stepId === null ? "" : `, step ${one.stepId}`}
                        </a>
                      </p>
                      <p class="text-xs break-words text-muted">
                        {one.answer} by <code>{one.rule}</code> → {one.newAnswer} by{" "}
                        <code>{one.newRule}</code>
                      </p>
                      <Show when={one.message !== ""}>
                        <p class="text-xs break-words text-muted">{one.message}</p>
                      </Show>
                    </li>
                  )}
                </For>
              </ul>
            </div>
          </Show>
        )}
      </For>
    </>
  );
}
