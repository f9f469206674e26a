import Trash from "lucide-solid/icons/trash-2";
import { createMemo, For, Show } from "solid-js";
import { nextDueTimes } from "../../shared/trigger/dueTimes.ts";
import { cronInWords } from "../../shared/workflow/describe/workflowInWords.ts";
import { IconButton } from "../ui/IconButton.tsx";
import { FormFields } from "./FormFields.tsx";
import { FormHead } from "./FormHead.tsx";
import { kindOf } from "./formFields.ts";
import { valueAt, type WorkflowForm } from "./workflowForm.ts";
import type { TriggerModel } from "./workflowGraph.ts";

export interface TriggerFormProps {
  form: WorkflowForm;
  trigger: TriggerModel;
  onRemove: () => void;
  onClose: () => void;
}

/** Everything about one trigger, by the language's schema; of a schedule also what it means. */
export function TriggerForm(props: TriggerFormProps) {
  const path = () => ["triggers", props.trigger.index] as const;
  return (
    <form
      class="flex flex-col gap-4 p-4"
      aria-label={`Trigger ${props.trigger.index + 1}`}
      onSubmit={(event) => event.preventDefault()}
    >
      <FormHead title={props.trigger.words} kind={props.trigger.type} onClose={props.onClose}>
        <Show when={!props.form.readOnly()}>
          <IconButton label="Delete" icon={<Trash aria-hidden="true" />} onClick={() => props.onRemove()} />
        </Show>
      </FormHead>
      <Show when={props.trigger.type === "manual"}>
        <p class="text-muted">
          Anybody who may write to the project starts it with Run. It asks for the inputs.
        </p>
      </Show>
      <fieldset class="contents" disabled={props.form.readOnly()}>
        <FormFields form={props.form} path={path()} schema={kindOf("triggers", props.trigger.type)} />
      </fieldset>
      <Show when={props.trigger.type === "cron"}>
        <Schedule
          cron={textAt(props.form, [...path(), "cron"])}
          timezone={textAt(props.form, [...path(), "timezone"]) || "UTC"}
        />
      </Show>
    </form>
  );
}

function textAt(form: WorkflowForm, path: readonly (string | number)[]): string {
  const value = valueAt(form.value(), path);
  return typeof value === "string" ? value : "";
}

/** A schedule in words, with the next times in its own zone: a wrong field or zone is seen at once. */
function Schedule(props: { cron: string; timezone: string }) {
  const times = createMemo((): Date[] => {
    try {
      return nextDueTimes(props, { from: Date.now(), max: 3 }).map((at) => new Date(at));
    } catch (error) {
      // Said at the field by the linter.
      if (error instanceof RangeError) return [];
      throw error;
    }
  });
  const shown = (time: Date) =>
    new Intl.DateTimeFormat(undefined, {
      timeZone: props.timezone,
      dateStyle: "full",
      timeStyle: "short",
    }).format(time);
  return (
    <Show when={times().length > 0}>
      <section
        class="flex flex-col gap-1 rounded-control bg-sunken px-3 py-2"
        aria-label="What the schedule means"
      >
        <p class="font-medium">{cronInWords(props.cron)}</p>
        <p class="text-xs text-muted">Next, {props.timezone} time:</p>
        <ul class="tabular text-sm">
          <For each={times()}>
            {(time) => (
              <li>
                <time dateTime={time.toISOString()}>{shown(time)}</time>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}
