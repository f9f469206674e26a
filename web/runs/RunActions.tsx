import { useLocation, useNavigate } from "@solidjs/router";
import Ban from "lucide-solid/icons/ban";
import RotateCcw from "lucide-solid/icons/rotate-ccw";
import { createSignal, Show } from "solid-js";
import type { RunView } from "../../shared/run/reduceRun.ts";
import { useApi, type Outputs } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { createCommands } from "../ui/commands.tsx";
import { useToasts } from "../ui/Toast.tsx";

type Run = Outputs["runs"]["get"];

/** Cancel while it is under way, run again when it is over. */
export function RunActions(props: { run: Run; view: RunView; over: boolean; mayWrite: boolean }) {
  const api = useApi();
  const toasts = useToasts();
  const navigate = useNavigate();
  const location = useLocation();
  const [pending, setPending] = createSignal(false);
  // Made once per page of a finished run, so that a press repeated after a lost answer starts one run, not two.
  let nextId = crypto.randomUUID();
  const attempt = async (what: string, work: () => Promise<void>) => {
    setPending(true);
    try {
      await work();
    } catch (error) {
      toasts.fail(what, error);
    } finally {
      setPending(false);
    }
  };
  const rerun = (from: "all" | "failed") =>
    attempt("The run was not started again", async () => {
      const { number } = await api.runs.rerun.mutate({ id: nextId, runId: props.run.id, from });
      nextId = crypto.randomUUID();
      navigate(location.pathname.replace(/\d+$/, String(number)));
    });
  const cancel = () =>
    attempt("The run was not canceled", async () => {
      await api.runs.cancel.mutate({ runId: props.run.id });
    });
  /** Something failed or was stopped, and something before it succeeded: there is a rest to run. */
  const hasRest = () =>
    props.over &&
    props.view.steps.some((step) => step.status === "failed" || step.status === "canceled") &&
    props.view.steps.some((step) => step.status === "succeeded");
  createCommands([
    {
      id: "run.again",
      title: "Run again: all steps",
      section: "Run",
      keys: "r a",
      run: () => props.over && props.mayWrite && void rerun("all"),
    },
    {
      id: "run.failed",
      title: "Run again: from the failed steps",
      section: "Run",
      keys: "r f",
      run: () => hasRest() && props.mayWrite && void rerun("failed"),
    },
    {
      id: "run.cancel",
      title: "Cancel the run",
      section: "Run",
      keys: "r c",
      run: () => !props.over && props.mayWrite && void cancel(),
    },
  ]);
  return (
    <Show when={props.mayWrite}>
      <Show
        when={props.over}
        fallback={
          <Button
            pending={pending() || props.view.cancelRequested}
            icon={<Ban class="size-4" aria-hidden="true" />}
            onClick={() => void cancel()}
          >
            {props.view.cancelRequested ? "Canceling" : "Cancel run"}
          </Button>
        }
      >
        <Show when={hasRest()}>
          <Button pending={pending()} onClick={() => void rerun("failed")}>
            <span class="max-sm:hidden">Run from failed</span>
            <span class="sm:hidden">From failed</span>
          </Button>
        </Show>
        <Button
          variant="primary"
          pending={pending()}
          icon={<RotateCcw class="size-4" aria-hidden="true" />}
          onClick={() => void rerun("all")}
        >
          Run again
        </Button>
      </Show>
    </Show>
  );
}
