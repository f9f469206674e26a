import {
  createComputed,
  createEffect,
  createSignal,
  For,
  on,
  onCleanup,
  onMount,
  untrack,
  type JSX,
} from "solid-js";

export interface VirtualListHandle {
  scrollToIndex: (index: number, align?: "center" | "end") => void;
}

export interface VirtualListProps {
  count: number;
  /** Height of a row in pixels, the same for all. */
  rowHeight: number;
  /** A row; it is used for another index when it is scrolled out of sight. */
  row: (index: () => number) => JSX.Element;
  label: string;
  /** Stay at the end while rows are added. */
  follow?: boolean | undefined;
  /** Whether the end is in view, told after each scroll by the user. */
  onAtEnd?: ((atEnd: boolean) => void) | undefined;
  ref?: ((handle: VirtualListHandle) => void) | undefined;
  class?: string | undefined;
}

interface Row {
  index: () => number;
  setIndex: (index: number) => void;
}

function makeRow(at: number): Row {
  const [index, setIndex] = createSignal(at);
  return { index, setIndex };
}

/** Rows beyond both edges, so that a quick scroll finds them drawn. */
const overscan = 12;

/**
 * A list of any length of which only the visible rows are in the page. Rows are of one height, so nothing is measured and
 * nothing is kept per row of the list; a row that leaves the view becomes one that enters it, in the order of the list.
 */
export function VirtualList(props: VirtualListProps) {
  let element: HTMLDivElement | undefined;
  let lastTop = 0;
  let letGoAt = 0;
  const [top, setTop] = createSignal(0);
  // As high as the window until it is there to be measured: the first rows are drawn with the list itself.
  const [height, setHeight] = createSignal(window.innerHeight);
  const [rows, setRows] = createSignal<readonly Row[]>([]);
  const from = () => Math.max(0, Math.min(Math.floor(top() / props.rowHeight), props.count - 1) - overscan);
  const to = () => Math.min(props.count, Math.ceil((top() + height()) / props.rowHeight) + overscan);
  createComputed(() => {
    const [first, end] = [from(), to()];
    setRows((before) => untrack(() => rowsBetween(before, first, end)));
  });

  const scrollTo = (pixels: number) => {
    if (element === undefined) return;
    element.scrollTop = pixels;
    // At once, and not when the browser tells: what is scrolled to is drawn in the same frame.
    setTop(element.scrollTop);
  };
  const toEnd = () => scrollTo(element?.scrollHeight ?? 0);
  createEffect(
    on([() => props.count, () => props.follow], () => {
      if (props.follow) queueMicrotask(toEnd);
    }),
  );
  onMount(() => {
    if (element === undefined) return;
    const shown = element;
    const observer = new ResizeObserver(() => setHeight(shown.clientHeight));
    observer.observe(shown);
    onCleanup(() => observer.disconnect());
  });

  // While lines pour in, the end is scrolled to again before a scroll event could tell that the user moved up:
  // the intent is taken from the input itself. Coming back to the end follows again.
  const letGo = () => {
    letGoAt = performance.now();
    if (props.follow) props.onAtEnd?.(false);
  };
  const onScroll = () => {
    if (element === undefined) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    setTop(scrollTop);
    const up = scrollTop < lastTop - 1;
    lastTop = scrollTop;
    // The event of our own last scroll to the end may come after the user let go.
    if (scrollHeight - scrollTop - clientHeight < 8 && performance.now() - letGoAt > 250)
      props.onAtEnd?.(true);
    else if (up) props.onAtEnd?.(false);
  };

  return (
    <div
      ref={(node) => {
        element = node;
        props.ref?.({
          scrollToIndex: (index, align = "center") => {
            const room = node.clientHeight - props.rowHeight;
            scrollTo(index * props.rowHeight - (align === "center" ? room / 2 : room));
          },
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
      <div class="relative w-full" style={{ height: `${props.count * props.rowHeight}px` }}>
        <For each={rows()}>
          {(row) => (
            <div
              class="absolute inset-x-0 top-0"
              style={{
                transform: `translateY(${row.index() * props.rowHeight}px)`,
                height: `${props.rowHeight}px`,
              }}
            >
              {props.row(row.index)}
            </div>
          )}
        </For>
      </div>
    </div>
  );
}

/** The rows from `first` to before `end`: those that show one of them already, and the others turned into what is missing. */
function rowsBetween(before: readonly Row[], first: number, end: number): readonly Row[] {
  const kept = new Map<number, Row>();
  const free: Row[] = [];
  for (const row of before) {
    const index = row.index();
    if (index >= first && index < end) kept.set(index, row);
    else free.push(row);
  }
  if (kept.size === end - first && free.length === 0) return before;
  const rows: Row[] = [];
  for (let index = first; index < end; index += 1) {
    const row = kept.get(index) ?? free.pop();
    row?.setIndex(index);
    rows.push(row ?? makeRow(index));
  }
  return rows;
}
