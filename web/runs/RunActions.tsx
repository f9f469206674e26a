import { useLocation, useNavigate } from "@solidjs/router";
import Ban from "lucide-solid/icons/ban";
import RotateCcw from "lucide-solid/icons/rotate-ccw";
import { createSignal, Show } from "solid-js";
import type { RunView } from "../../shared/run/reduceRun.ts";
import { useApi, type Outputs } from "../api.ts";
import { Button } from "../ui/Button.tsx";
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
  const rerun = () =>
    attempt("The run was not started again", async () => {
      const { number } = await api.runs.rerun.mutate({ id: nextId, runId: props.run.id });
      nextId = crypto.randomUUID();
      navigate(location.pathname.replace(/\d+$/, String(number)));
    });
  const cancel = () =>
    attempt("The run was not canceled", async () => {
      await api.runs.cancel.mutate({ runId: props.run.id });
    });
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
        <Button
          variant="primary"
          pending={pending()}
          icon={<RotateCcw class="size-4" aria-hidden="true" />}
          onClick={() => void rerun()}
        >
          Run again
        </Button>
      </Show>
    </Show>
  );
}
