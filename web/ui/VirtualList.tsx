import { createVirtualizer } from "@tanstack/solid-virtual";
import { createEffect, For, on, type JSX } from "solid-js";

export interface VirtualListHandle {
  scrollToIndex: (index: number, align?: "start" | "center" | "end" | "auto") => void;
  element: HTMLElement;
}

export interface VirtualListProps {
  count: number;
  /** Height of a row in pixels; rows that wrap are measured. */
  rowHeight: number;
  row: (index: number) => JSX.Element;
  label: string;
  /** Stay at the end while rows are added. */
  follow?: boolean | undefined;
  /** Whether the end is in view, told after each scroll by the user. */
  onAtEnd?: ((atEnd: boolean) => void) | undefined;
  ref?: ((handle: VirtualListHandle) => void) | undefined;
  class?: string | undefined;
  /** Measure rows because they may wrap. Slower; leave out for rows of one height. */
  measure?: boolean | undefined;
}

/** A list of any length of which only the visible rows are in the page. */
export function VirtualList(props: VirtualListProps) {
  let element: HTMLDivElement | undefined;
  let lastTop = 0;
  let letGoAt = 0;
  const virtualizer = createVirtualizer({
    get count() {
      return props.count;
    },
    getScrollElement: () => element ?? null,
    estimateSize: () => props.rowHeight,
    overscan: 12,
  });

  const toEnd = () => {
    if (props.count > 0) virtualizer.scrollToIndex(props.count - 1, { align: "end" });
  };
  createEffect(
    on([() => props.count, () => props.follow], () => {
      if (props.follow) queueMicrotask(toEnd);
    }),
  );

  // While lines pour in, the end is scrolled to again before a scroll event could tell that the user moved up:
  // the intent is taken from the input itself. Coming back to the end follows again.
  const letGo = () => {
    letGoAt = performance.now();
    if (props.follow) props.onAtEnd?.(false);
  };
  const onScroll = () => {
    if (element === undefined) return;
    const distance = element.scrollHeight - element.scrollTop - element.clientHeight;
    const up = element.scrollTop < lastTop - 1;
    lastTop = element.scrollTop;
    // The event of our own last scroll to the end may come after the user let go.
    if (distance < 8 && performance.now() - letGoAt > 250) props.onAtEnd?.(true);
    else if (up) props.onAtEnd?.(false);
  };

  return (
    <div
      ref={(node) => {
        element = node;
        props.ref?.({
          element: node,
          scrollToIndex: (index, align = "center") => virtualizer.scrollToIndex(index, { align }),
        });
      }}
      onScroll={onScroll}
      onWheel={(event) => event.deltaY < 0 && letGo()}
      onTouchMove={letGo}
      onKeyDown={(event) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && letGo()}
      // The scrollbar belongs to the element itself, rows are inside of it.
      onPointerDown={(event) => event.target === event.currentTarget && letGo()}
      tabIndex={0}
      role="region"
      aria-label={props.label}
      class={`min-h-0 overflow-auto outline-offset-[-2px] [overflow-anchor:none] ${props.class ?? "h-full"}`}
    >
      <div class="relative w-full" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        <For each={virtualizer.getVirtualItems()}>
          {(item) => (
            <div
              data-index={item.index}
              ref={(node) => {
                if (props.measure) queueMicrotask(() => virtualizer.measureElement(node));
              }}
              class="absolute inset-x-0 top-0"
              style={{
                transform: `translateY(${item.start}px)`,
                ...(props.measure ? {} : { height: `${props.rowHeight}px` }),
              }}
            >
              {props.row(item.index)}
            </div>
          )}
        </For>
      </div>
    </div>
  );
}
