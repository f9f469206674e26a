import { createSignal, Show } from "solid-js";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Section } from "../ui/Section.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { createFreezes, useFreezesAgain } from "./freezes.ts";

/** In the settings of a project, or without one of an organisation: what a freeze is, and the switch. */
export function FreezeSection(props: { orgId: string; projectId: string | null; isAdmin: boolean }) {
  const api = useApi();
  const toasts = useToasts();
  const freezes = createFreezes();
  const again = useFreezesAgain();
  const [reason, setReason] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const what = () => (props.projectId === null ? "organisation" : "project");
  const own = () =>
    freezes.data?.find((freeze) => freeze.orgId === props.orgId && freeze.projectId === props.projectId);
  const change = async (work: () => Promise<unknown>, failed: string) => {
    setPending(true);
    try {
      await work();
      await again();
      setReason("");
    } catch (error) {
      toasts.fail(failed, error);
    } finally {
      setPending(false);
    }
  };
  const freeze = (event: SubmitEvent) => {
    event.preventDefault();
    const { orgId, projectId } = props;
    void change(
      () => api.freezes.set.mutate({ orgId, projectId, reason: reason().trim() }),
      `The ${what()} is not frozen`,
    );
  };
  return (
    <div id="freeze">
      <Section
        title="Freeze"
        text={`Stops every deployment, rollback, merge, push, release and secret of ${
          props.projectId === null ? "all projects of this organisation" : "this project"
        }, whoever or whatever asks. Runs, their tests, dry runs and reading go on.`}
      >
        <Show
          when={own()}
          fallback={
            <Show
              when={props.isAdmin}
              fallback={<p class="text-muted">Not frozen. An admin can freeze it.</p>}
            >
              <form class="flex flex-wrap items-end gap-2" onSubmit={freeze}>
                <TextField
                  class="flex-1 basis-56"
                  label="Why"
                  placeholder="What everybody will read above each page"
                  value={reason()}
                  onChange={setReason}
                  required
                />
                <Button type="submit" pending={pending()} disabled={reason().trim() === ""}>
                  Freeze the {what()}
                </Button>
              </form>
            </Show>
          }
        >
          {(frozen) => (
            <div class="flex flex-wrap items-center gap-3">
              <p class="min-w-0 flex-1 basis-56 break-words">
                Frozen by {frozen().by ?? "somebody who has left"}, <RelativeTime at={frozen().at} />:{" "}
                {frozen().reason}
              </p>
              <Show when={props.isAdmin}>
                <Button
                  pending={pending()}
                  onClick={() =>
                    void change(
                      () => api.freezes.lift.mutate({ id: frozen().id }),
                      `The ${what()} is still frozen`,
                    )
                  }
                >
                  Lift the freeze
                </Button>
              </Show>
            </div>
          )}
        </Show>
      </Section>
    </div>
  );
}
