import { For } from "solid-js";

/** What the run page can show beside its steps. */
export const runTabs = ["log", "graph", "timeline", "artifacts", "events"] as const;
export type RunTab = (typeof runTabs)[number];

const words: Record<RunTab, string> = {
  log: "Log",
  graph: "Graph",
  timeline: "Timeline",
  artifacts: "Artifacts",
  events: "Events",
};

/** The ways to look at a run; links would lose the place within the page, so they are tabs. */
export function RunTabs(props: { current: RunTab | null; onSelect: (tab: RunTab) => void }) {
  let list: HTMLDivElement | undefined;
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const at = runTabs.findIndex((tab) => tab === (props.current ?? "log"));
    const next = runTabs[(at + by + runTabs.length) % runTabs.length];
    if (next === undefined) return;
    props.onSelect(next);
    list?.querySelector<HTMLElement>(`[data-tab=${next}]`)?.focus();
  };
  return (
    <div
      ref={(element) => (list = element)}
      role="tablist"
      aria-label="Views of the run"
      class="flex shrink-0 gap-1 overflow-x-auto border-b border-line bg-surface px-2"
      onKeyDown={onKeyDown}
    >
      <For each={runTabs}>
        {(tab) => (
          <button
            type="button"
            role="tab"
            data-tab={tab}
            aria-selected={props.current === tab}
            tabIndex={(props.current ?? "log") === tab ? 0 : -1}
            onClick={() => props.onSelect(tab)}
            class="hit -mb-px shrink-0 border-b-2 border-transparent px-2 font-medium text-muted hover:text-text aria-selected:border-accent aria-selected:text-text"
          >
            {words[tab]}
          </button>
        )}
      </For>
    </div>
  );
}
