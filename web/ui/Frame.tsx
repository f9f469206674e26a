import { For, Show, type JSX } from "solid-js";
import { Tooltip } from "./Tooltip.tsx";

export interface RailItem {
  label: string;
  href: string;
  icon: JSX.Element;
  current: boolean;
  keys?: string | undefined;
  /** A number beside the icon, e.g. waiting approvals. */
  count?: number | undefined;
}

export interface FrameProps {
  items: readonly RailItem[];
  /** Below the items: account, help. */
  foot?: JSX.Element;
  /** Above the page, on every page. */
  banner?: JSX.Element;
  children: JSX.Element;
}

/** A button of the rail; on a phone ten of them fit side by side. */
export const railButton =
  "relative inline-flex h-9 w-9 max-md:w-[min(2.75rem,9.5vw)] items-center justify-center rounded-control text-muted transition-colors hover:bg-hover hover:text-text pointer-coarse:h-11 md:pointer-coarse:w-11";

/** The slim rail at the left (at the bottom on a phone) and the page beside it. */
export function Frame(props: FrameProps) {
  return (
    <div class="flex h-dvh flex-col-reverse overflow-hidden md:flex-row">
      <a
        href="#content"
        class="fixed top-2 left-2 z-50 -translate-y-16 rounded-control bg-raised px-3 py-2 focus:translate-y-0 focus:shadow-float"
      >
        Skip to the content
      </a>
      <nav
        aria-label="Main"
        class="flex shrink-0 items-center gap-1 border-line bg-surface max-md:justify-around max-md:gap-0 max-md:border-t max-md:pb-[env(safe-area-inset-bottom)] md:w-12 md:flex-col md:border-r md:py-2"
      >
        <For each={props.items}>
          {(item) => (
            <Tooltip label={item.label} keys={item.keys} placement="right">
              <a
                href={item.href}
                aria-label={item.count ? `${item.label}, ${item.count} waiting` : item.label}
                aria-current={item.current ? "page" : undefined}
                class={`${railButton} aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent-text [&_svg]:size-[18px]`}
              >
                {item.icon}
                <Show when={item.count}>
                  <span
                    aria-hidden="true"
                    class="tabular absolute -top-0.5 -right-0.5 min-w-4 rounded-full bg-waiting px-1 text-center text-[10px] leading-4 font-semibold text-bg"
                  >
                    {item.count}
                  </span>
                </Show>
              </a>
            </Tooltip>
          )}
        </For>
        <div class="flex items-center gap-1 md:mt-auto md:flex-col">{props.foot}</div>
      </nav>
      <div class="flex min-h-0 min-w-0 flex-1 flex-col">
        {props.banner}
        <div class="flex min-h-0 min-w-0 flex-1">{props.children}</div>
      </div>
    </div>
  );
}
