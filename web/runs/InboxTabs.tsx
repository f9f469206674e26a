import { For } from "solid-js";

const tabs = [
  { href: "/inbox", label: "Inbox" },
  { href: "/inbox/decided", label: "Decided approvals" },
];

/** From what waits to what was decided, and back. */
export function InboxTabs(props: { current: string }) {
  return (
    <nav aria-label="Inbox" class="flex gap-1 border-b border-line">
      <For each={tabs}>
        {(tab) => (
          <a
            href={tab.href}
            aria-current={props.current === tab.href ? "page" : undefined}
            class="hit -mb-px flex items-center border-b-2 border-transparent px-2 font-medium text-muted hover:text-text aria-[current=page]:border-accent aria-[current=page]:text-text"
          >
            {tab.label}
          </a>
        )}
      </For>
    </nav>
  );
}
