import { Tabs as Kobalte } from "@kobalte/core/tabs";
import { For, type JSX } from "solid-js";

export interface Tab<Id extends string> {
  id: Id;
  label: JSX.Element;
  content: () => JSX.Element;
}

export interface TabsProps<Id extends string> {
  label: string;
  tabs: readonly Tab<Id>[];
  value: Id;
  onChange: (id: Id) => void;
  class?: string | undefined;
}

/** Views of one thing. Only the chosen one is in the page. */
export function Tabs<Id extends string>(props: TabsProps<Id>) {
  return (
    <Kobalte
      value={props.value}
      onChange={(id) => props.onChange(id as Id)}
      class={`flex min-h-0 flex-col ${props.class ?? ""}`}
    >
      <Kobalte.List
        aria-label={props.label}
        class="flex shrink-0 gap-1 overflow-x-auto border-b border-line px-2"
      >
        <For each={props.tabs}>
          {(tab) => (
            <Kobalte.Trigger
              value={tab.id}
              class="hit -mb-px inline-flex items-center gap-2 border-b-2 border-transparent px-2 text-sm whitespace-nowrap text-muted hover:text-text data-[selected]:border-accent data-[selected]:text-text"
            >
              {tab.label}
            </Kobalte.Trigger>
          )}
        </For>
      </Kobalte.List>
      <For each={props.tabs}>
        {(tab) => (
          <Kobalte.Content value={tab.id} class="min-h-0 flex-1 overflow-auto outline-offset-[-2px]">
            {tab.content()}
          </Kobalte.Content>
        )}
      </For>
    </Kobalte>
  );
}
