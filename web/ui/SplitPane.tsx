import { createSignal, onCleanup, onMount, Show, type JSX } from "solid-js";

export interface SplitPaneProps {
  /** Remembers size and collapse in local storage under this name. */
  name: string;
  /** What the sized pane is, e.g. "Files", for the separator's accessible name. */
  label: string;
  direction?: "row" | "column" | undefined;
  /** Which of the two has the fixed size; the other takes the rest. */
  sized?: "first" | "second" | undefined;
  /** Pixels at first sight. */
  initial: number;
  min?: number | undefined;
  max?: number | undefined;
  /** Hides the sized pane; controlled by the caller when given. */
  collapsed?: boolean | undefined;
  first: JSX.Element;
  second: JSX.Element;
  class?: string | undefined;
}

function remembered(name: string, fallback: number): number {
  try {
    const value = Number(localStorage.getItem(`coder.pane.${name}`));
    return value > 0 ? value : fallback;
  } catch {
    // Storage is blocked: every visit starts with the first size.
    return fallback;
  }
}

function remember(name: string, size: number): void {
  try {
    localStorage.setItem(`coder.pane.${name}`, String(Math.round(size)));
  } catch {
    // Storage is blocked or full: the size holds for this visit only.
  }
}

/** Two panes with a bar between them that is dragged, or moved with the arrow keys; double-click resets it. */
export function SplitPane(props: SplitPaneProps) {
  let container: HTMLDivElement | undefined;
  /** What was chosen, and how much room there was for both panes then; 0 while there is none to see. */
  const [chosen, setChosen] = createSignal({ size: remembered(props.name, props.initial), room: 0 });
  const [room, setRoom] = createSignal(0);
  const [dragging, setDragging] = createSignal(false);
  const isRow = () => (props.direction ?? "row") === "row";
  const isFirst = () => (props.sized ?? "first") === "first";
  const min = () => props.min ?? 120;

  const look = () => {
    const now = container ? (isRow() ? container.clientWidth : container.clientHeight) : 0;
    setRoom(now);
    if (chosen().room === 0) setChosen(({ size }) => ({ size, room: now }));
  };
  const limit = (wanted: number) => {
    const most = room() === 0 ? Infinity : Math.max(room() - min(), min());
    return Math.max(min(), Math.min(wanted, props.max ?? Infinity, most));
  };
  // In proportion: a preview that has 40 % of a wide window does not leave the editor a sliver of a narrow one.
  const size = () => {
    const scale = room() > 0 && chosen().room > 0 ? room() / chosen().room : 1;
    return limit(chosen().size * scale);
  };
  const change = (wanted: number) => {
    look();
    const next = limit(wanted);
    setChosen({ size: next, room: room() });
    remember(props.name, next);
  };

  const onPointerDown = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const start = isRow() ? event.clientX : event.clientY;
    const before = limit(size());
    const bar = event.currentTarget;
    bar.setPointerCapture(event.pointerId);
    setDragging(true);
    const move = (next: PointerEvent) => {
      const by = (isRow() ? next.clientX : next.clientY) - start;
      change(before + (isFirst() ? by : -by));
    };
    const stop = () => {
      setDragging(false);
      bar.removeEventListener("pointermove", move);
      bar.removeEventListener("pointerup", stop);
      bar.removeEventListener("pointercancel", stop);
    };
    bar.addEventListener("pointermove", move);
    bar.addEventListener("pointerup", stop);
    bar.addEventListener("pointercancel", stop);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const grow = isRow() ? "ArrowRight" : "ArrowDown";
    const shrink = isRow() ? "ArrowLeft" : "ArrowUp";
    const sign = isFirst() ? 1 : -1;
    if (event.key === grow) change(size() + 24 * sign);
    else if (event.key === shrink) change(size() - 24 * sign);
    else if (event.key === "Home") change(min());
    else if (event.key === "End") change(props.max ?? Infinity);
    else return;
    event.preventDefault();
  };

  onMount(look);
  window.addEventListener("resize", look);
  onCleanup(() => window.removeEventListener("resize", look));

  const paneStyle = (first: boolean): JSX.CSSProperties => {
    if (first !== isFirst()) return { flex: "1 1 0" };
    if (props.collapsed) return { display: "none" };
    return { flex: `0 0 ${size()}px`, "max-width": "100%", "max-height": "100%" };
  };

  return (
    <div
      ref={(element) => (container = element)}
      class={`flex min-h-0 min-w-0 ${isRow() ? "flex-row" : "flex-col"} ${props.class ?? "h-full w-full"}`}
    >
      <div class="relative min-h-0 min-w-0 overflow-hidden" style={paneStyle(true)} inert={dragging()}>
        {props.first}
      </div>
      <Show when={!props.collapsed}>
        <div
          role="separator"
          tabIndex={0}
          aria-label={`Resize ${props.label}`}
          aria-orientation={isRow() ? "vertical" : "horizontal"}
          aria-valuenow={Math.round(size())}
          aria-valuemin={min()}
          aria-valuemax={props.max ?? 4000}
          onPointerDown={onPointerDown}
          onDblClick={() => change(props.initial)}
          onKeyDown={onKeyDown}
          class={
            "relative z-10 shrink-0 touch-none bg-line transition-colors hover:bg-accent focus-visible:bg-accent focus-visible:outline-none " +
            "before:absolute before:content-[''] " +
            (isRow()
              ? "w-px cursor-col-resize before:-inset-x-1.5 before:inset-y-0"
              : "h-px cursor-row-resize before:inset-x-0 before:-inset-y-1.5")
          }
        />
      </Show>
      <div class="relative min-h-0 min-w-0 overflow-hidden" style={paneStyle(false)} inert={dragging()}>
        {props.second}
      </div>
    </div>
  );
}
