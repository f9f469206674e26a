import Search from "lucide-solid/icons/search";
import { createEffect, createSignal, on, onCleanup, Show } from "solid-js";
import { runStatuses } from "../../shared/run/events.ts";
import { Button } from "../ui/Button.tsx";
import { createCommands } from "../ui/commands.tsx";
import { Select } from "../ui/Select.tsx";
import { statusWord } from "../ui/StatusBadge.tsx";
import { TextField } from "../ui/TextField.tsx";
import { spans, triggerWords, type RunFilters } from "./runFilters.ts";

export interface RunFilterBarProps {
  filters: RunFilters;
  /** Null clears a filter. */
  onChange: (change: { [Name in keyof RunFilters]?: string | null }) => void;
  onClear: () => void;
  workflows: readonly { path: string; name: string }[];
  people: readonly { userId: string; name: string }[];
}

const typingMs = 300;

/** Narrows a list of runs; the URL holds what is chosen. */
export function RunFilterBar(props: RunFilterBarProps) {
  let field: HTMLInputElement | undefined;
  const any = () => Object.values(props.filters).some((value) => value !== undefined);
  createCommands([
    { id: "runs.search", title: "Search the runs", section: "Runs", keys: "/", run: () => field?.focus() },
  ]);
  return (
    <div class="flex flex-wrap items-center gap-2" role="search" aria-label="Runs">
      <Typed
        label="Name, number or commit"
        value={props.filters.text ?? ""}
        onChange={(text) => props.onChange({ text: text || null })}
        icon
        class="w-full sm:w-60"
        ref={(element) => (field = element)}
      />
      <Choice
        label="Status"
        any="Any status"
        value={props.filters.status}
        options={runStatuses.map((each) => ({ value: each, label: statusWord(each) }))}
        onChange={(status) => props.onChange({ status })}
      />
      <Choice
        label="Workflow"
        any="Any workflow"
        value={props.filters.workflow}
        options={props.workflows.map((each) => ({ value: each.path, label: each.name }))}
        onChange={(workflow) => props.onChange({ workflow })}
      />
      <Choice
        label="Trigger"
        any="Any trigger"
        value={props.filters.trigger}
        options={Object.entries(triggerWords).map(([value, label]) => ({ value, label }))}
        onChange={(trigger) => props.onChange({ trigger })}
      />
      <Choice
        label="Started by"
        any="Anybody"
        value={props.filters.actor}
        options={props.people.map((each) => ({ value: each.userId, label: each.name }))}
        onChange={(actor) => props.onChange({ actor })}
      />
      <Choice
        label="Time"
        any="Any time"
        value={props.filters.since}
        options={Object.entries(spans).map(([value, { label }]) => ({ value, label }))}
        onChange={(since) => props.onChange({ since })}
      />
      <Typed
        label="Branch"
        value={props.filters.ref ?? ""}
        onChange={(ref) => props.onChange({ ref: ref || null })}
        class="w-32"
      />
      <Show when={any()}>
        <Button variant="ghost" onClick={() => props.onClear()}>
          Clear filters
        </Button>
      </Show>
    </div>
  );
}

function Choice(props: {
  label: string;
  any: string;
  value: string | undefined;
  options: { value: string; label: string }[];
  onChange: (value: string | null) => void;
}) {
  /** A value of the URL that is no option, such as a workflow that is gone, is one while it is chosen. */
  const options = () =>
    props.value === undefined || props.options.some((option) => option.value === props.value)
      ? props.options
      : [...props.options, { value: props.value, label: props.value }];
  return (
    <Select
      label={props.label}
      hideLabel
      value={props.value ?? "any"}
      onChange={(value) => props.onChange(value === "any" ? null : value)}
      options={[{ value: "any", label: props.any }, ...options()]}
      class="max-w-44 [&_button]:max-w-full"
    />
  );
}

/** A field whose value is taken when the typing rests. */
function Typed(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  icon?: boolean;
  class?: string;
  ref?: (element: HTMLInputElement) => void;
}) {
  const [typed, setTyped] = createSignal(props.value);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  createEffect(
    on(
      () => props.value,
      (value) => setTyped((before) => (before.trim() === value ? before : value)),
      { defer: true },
    ),
  );
  return (
    <TextField
      label={props.label}
      hideLabel
      type="search"
      placeholder={props.label}
      value={typed()}
      ref={(element) => props.ref?.(element)}
      icon={props.icon ? <Search aria-hidden="true" /> : undefined}
      class={props.class}
      onChange={(value) => {
        setTyped(value);
        clearTimeout(timer);
        timer = setTimeout(() => props.onChange(value.trim()), typingMs);
      }}
    />
  );
}
