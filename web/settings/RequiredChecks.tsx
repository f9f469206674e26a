import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, createUniqueId, For, Show } from "solid-js";
import { useApi } from "../api.ts";
import type { Project } from "../project.ts";
import { Button } from "../ui/Button.tsx";
import { Section } from "../ui/Section.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";

/** Which checks must have passed on a change's head before it is merged into the default branch. */
export function RequiredChecks(props: { project: Project }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const listId = createUniqueId();
  const [name, setName] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const checks = createQuery(() => ({
    queryKey: ["required-checks", props.project.id],
    queryFn: () => api.checks.required.query({ projectId: props.project.id }),
  }));
  const required = () => checks.data?.required ?? [];
  const save = async (to: string[], undo: string[] | null) => {
    setPending(true);
    try {
      await api.checks.setRequired.mutate({ projectId: props.project.id, checks: to });
      setName("");
      if (undo !== null)
        toasts.show({
          text: "The check is no longer required.",
          action: { label: "Undo", run: () => void save(undo, null) },
        });
      await queries.invalidateQueries({ queryKey: ["required-checks"] });
    } catch (error) {
      toasts.fail("The required checks were not changed", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Section
      title="Required checks"
      text={`What must have passed on a change's last commit before it is merged into ${props.project.defaultBranch}. The command steps of workflows are checks, by their names; other programs report theirs with a git token.`}
    >
      <Show
        when={checks.data}
        fallback={
          <p class="flex items-center gap-2 text-muted">
            <Show when={checks.error} fallback={<Spinner />}>
              {(error) => <>They could not be loaded: {error().message}</>}
            </Show>
          </p>
        }
      >
        <ul class="flex flex-col gap-1" aria-label="Required checks">
          <For each={required()}>
            {(check) => (
              <li class="flex items-center gap-2">
                <span class="min-w-0 flex-1 break-words">{check}</span>
                <Button
                  variant="ghost"
                  disabled={pending()}
                  aria-label={`Stop requiring ${check}`}
                  onClick={() =>
                    void save(
                      required().filter((each) => each !== check),
                      required(),
                    )
                  }
                >
                  Remove
                </Button>
              </li>
            )}
          </For>
        </ul>
        <form
          class="flex items-center gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            const check = name().trim();
            if (check !== "") void save([...new Set([...required(), check])], null);
          }}
        >
          <input
            aria-label="Name of the check"
            placeholder="Run tests"
            list={listId}
            value={name()}
            maxLength={200}
            onInput={(event) => setName(event.currentTarget.value)}
            class="hit min-w-0 flex-1 rounded-control border border-line-strong bg-surface px-3 text-sm placeholder:text-muted"
          />
          <datalist id={listId}>
            <For each={(checks.data?.known ?? []).filter((each) => !required().includes(each))}>
              {(each) => <option value={each} />}
            </For>
          </datalist>
          <Button type="submit" pending={pending()} disabled={name().trim() === ""}>
            Require
          </Button>
        </form>
      </Show>
    </Section>
  );
}
