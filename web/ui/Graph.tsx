import Maximize from "lucide-solid/icons/maximize-2";
import Minus from "lucide-solid/icons/minus";
import Plus from "lucide-solid/icons/plus";
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show } from "solid-js";
import { layoutGraph, neighbourOf, type GraphEdge, type PlacedGraph } from "./graphLayout.ts";
import { IconButton } from "./IconButton.tsx";
import { StatusIcon, statusWord, type Status } from "./StatusBadge.tsx";

export interface GraphNode {
  id: string;
  label: string;
  /** Of a run's step; without one the box shows none. */
  status?: Status | undefined;
  /** Second line: the kind of step, how long it took. */
  detail?: string | undefined;
  /** What is wrong with it; marks the box. */
  problem?: string | undefined;
  /** It can be dragged onto another box. */
  movable?: boolean | undefined;
}

export interface GraphProps {
  /** The accessible name: "Steps of the run". */
  label: string;
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  selected: string | null;
  onSelect: (id: string) => void;
  /** Delete or Backspace on a box, where boxes can be removed. */
  onRemove?: ((id: string) => void) | undefined;
  /** A movable box was dropped on another one. */
  onDrop?: ((id: string, on: string) => void) | undefined;
  class?: string | undefined;
}

const nodeWidth = 176;
const nodeHeight = 48;
/** Narrower than this, the graph runs downwards. */
const narrow = 560;
const zooms = [0.4, 0.55, 0.7, 0.85, 1, 1.25, 1.5];
/** Fitted no smaller than this, so that the names can be read; what is larger is scrolled. */
const readable = 0.7;
/** Above and below the graph, for controls that stand in its corners. */
const corner = 52;
const panBy = 80;

/**
 * A graph of boxes and arrows, laid out by itself. Each box is a button of a list, so that it reads as one without the
 * drawing; arrow keys go from box to box. Scrolls and drags to pan, also by Shift with the arrow keys; zooms by button, by
 * Ctrl with the wheel, and by + and -; 0 fits it.
 */
export function Graph(props: GraphProps) {
  let view: HTMLDivElement | undefined;
  const boxes = new Map<string, HTMLButtonElement>();
  const [size, setSize] = createSignal({ width: 0, height: 0 });
  const [zoom, setZoom] = createSignal<number | "fit">("fit");
  /** The box that Tab goes to. */
  const [stop, setStop] = createSignal<string | null>(null);
  /** The box that is being dragged, and the one that it is over. */
  const [dragged, setDragged] = createSignal<string | null>(null);
  const [over, setOver] = createSignal<string | null>(null);
  const ids = createMemo(() => props.nodes.map((node) => node.id), [], { equals: sameTexts });
  const edgeKeys = createMemo(() => props.edges.map(({ from, to }) => `${from}\n${to}`), [], {
    equals: sameTexts,
  });
  // By the shape only: a status that changes must not lay the graph out anew.
  const laidOut = createMemo(
    on([ids, edgeKeys], ([nodeIds]) => {
      const nodes = nodeIds.map((id) => ({ id }));
      const made: Partial<Record<"right" | "down", PlacedGraph>> = {};
      return (direction: "right" | "down") =>
        (made[direction] ??= layoutGraph(nodes, props.edges, { direction, nodeWidth, nodeHeight }));
    }),
  );
  const direction = createMemo(() => {
    const { width } = size();
    if (width < narrow) return "down";
    // A long chain would leave by the right side, out of sight; downwards it is scrolled like a page.
    return laidOut()("right").width * readable > width ? "down" : "right";
  });
  const placed = () => laidOut()(direction());
  const fit = () => {
    const { width, height } = size();
    const { width: w, height: h } = placed();
    if (w === 0 || width === 0) return 1;
    const room = height - 2 * corner;
    return Math.max(readable, Math.min(1, width / w, room < 80 ? 1 : room / h));
  };
  const scale = () => {
    const chosen = zoom();
    return chosen === "fit" ? fit() : chosen;
  };
  const zoomBy = (direction: 1 | -1) => {
    const now = scale();
    const next =
      direction === 1 ? zooms.find((each) => each > now + 0.01) : zooms.findLast((each) => each < now - 0.01);
    if (next !== undefined) setZoom(next);
  };
  const tabStop = () => {
    const wanted = stop() ?? props.selected;
    return wanted !== null && placed().nodes.has(wanted) ? wanted : (ids()[0] ?? null);
  };

  onMount(() => {
    if (view === undefined) return;
    const element = view;
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    onCleanup(() => observer.disconnect());
    // Not passive, or the page itself would zoom.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1 : -1);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
  });
  createEffect(
    on(
      () => props.selected,
      (id) => {
        setStop(id);
        if (id !== null) boxes.get(id)?.scrollIntoView({ block: "nearest", inline: "nearest" });
      },
    ),
  );

  const onKeyDown = (event: KeyboardEvent, id: string) => {
    if ((event.key === "Delete" || event.key === "Backspace") && props.onRemove !== undefined) {
      event.preventDefault();
      props.onRemove(id);
      return;
    }
    if (event.shiftKey) return;
    if (
      event.key !== "ArrowLeft" &&
      event.key !== "ArrowRight" &&
      event.key !== "ArrowUp" &&
      event.key !== "ArrowDown"
    )
      return;
    event.preventDefault();
    event.stopPropagation();
    const next = neighbourOf(placed(), id, event.key);
    if (next === null) return;
    setStop(next);
    boxes.get(next)?.focus();
  };
  /** Keys of the graph as a whole. */
  const onViewKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pan: Record<string, [number, number]> = {
      ArrowLeft: [-panBy, 0],
      ArrowRight: [panBy, 0],
      ArrowUp: [0, -panBy],
      ArrowDown: [0, panBy],
    };
    const by = pan[event.key];
    if (by !== undefined && event.shiftKey) view?.scrollBy(...by);
    else if (event.key === "+" || event.key === "=") zoomBy(1);
    else if (event.key === "-") zoomBy(-1);
    else if (event.key === "0") setZoom("fit");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const endDrag = () => {
    setDragged(null);
    setOver(null);
  };
  const drop = (on: string) => {
    const id = dragged();
    endDrag();
    if (id !== null && id !== on) props.onDrop?.(id, on);
  };
  const onPan = (down: PointerEvent) => {
    // A finger scrolls by itself; boxes are pressed, or dragged onto each other.
    if (view === undefined || down.pointerType !== "mouse" || down.button !== 0) return;
    if (down.target instanceof Element && down.target.closest("button") !== null) return;
    const element = view;
    const from = { x: down.clientX + element.scrollLeft, y: down.clientY + element.scrollTop };
    const move = (event: PointerEvent) => element.scrollTo(from.x - event.clientX, from.y - event.clientY);
    element.setPointerCapture(down.pointerId);
    element.addEventListener("pointermove", move);
    element.addEventListener("lostpointercapture", () => element.removeEventListener("pointermove", move), {
      once: true,
    });
  };

  return (
    <div class={`relative min-h-0 bg-sunken ${props.class ?? ""}`}>
      <div
        ref={(element) => (view = element)}
        class="flex h-full w-full overflow-auto overscroll-contain"
        onPointerDown={onPan}
        onKeyDown={onViewKey}
      >
        <div
          class={`relative mx-auto shrink-0 ${direction() === "right" ? "my-auto" : ""}`}
          style={{
            width: `${placed().width * scale()}px`,
            height: `${placed().height * scale() + 2 * corner}px`,
          }}
        >
          <div
            class="absolute left-0 origin-top-left"
            style={{
              top: `${corner}px`,
              width: `${placed().width}px`,
              height: `${placed().height}px`,
              transform: `scale(${scale()})`,
            }}
          >
            <Edges placed={placed()} selected={props.selected} />
            <ul aria-label={props.label}>
              <For each={ids()}>
                {(id) => {
                  const node = () => props.nodes.find((each) => each.id === id);
                  const at = () => placed().nodes.get(id);
                  onCleanup(() => boxes.delete(id));
                  return (
                    <Show when={node()}>
                      {(shown) => (
                        <li
                          class="absolute rounded-panel"
                          classList={{
                            "opacity-50": dragged() === id,
                            "ring-2 ring-accent": over() === id && dragged() !== id,
                          }}
                          onDragStart={(event) => {
                            // Firefox drags nothing without data.
                            event.dataTransfer?.setData("text/plain", shown().label);
                            setDragged(id);
                          }}
                          onDragEnd={endDrag}
                          onDragOver={(event) => {
                            if (dragged() === null || props.onDrop === undefined) return;
                            event.preventDefault();
                            setOver(id);
                          }}
                          onDragLeave={() => setOver((now) => (now === id ? null : now))}
                          onDrop={(event) => {
                            event.preventDefault();
                            drop(id);
                          }}
                          style={{
                            left: `${at()?.x ?? 0}px`,
                            top: `${at()?.y ?? 0}px`,
                            width: `${nodeWidth}px`,
                            height: `${nodeHeight}px`,
                          }}
                        >
                          <NodeBox
                            node={shown()}
                            needs={needsOf(props, id)}
                            selected={props.selected === id}
                            tabStop={tabStop() === id}
                            draggable={props.onDrop !== undefined && shown().movable === true}
                            ref={(element) => boxes.set(id, element)}
                            onSelect={() => props.onSelect(id)}
                            onFocus={() => setStop(id)}
                            onKeyDown={(event) => onKeyDown(event, id)}
                          />
                        </li>
                      )}
                    </Show>
                  );
                }}
              </For>
            </ul>
          </div>
        </div>
      </div>
      <div class="absolute right-2 bottom-2 flex rounded-control border border-line bg-raised">
        <IconButton label="Smaller" keys="-" icon={<Minus aria-hidden="true" />} onClick={() => zoomBy(-1)} />
        <IconButton label="Larger" keys="+" icon={<Plus aria-hidden="true" />} onClick={() => zoomBy(1)} />
        <IconButton
          label="Fit the graph"
          keys="0"
          icon={<Maximize aria-hidden="true" />}
          onClick={() => setZoom("fit")}
        />
      </div>
    </div>
  );
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

/** Labels of what a box comes after, for who does not see the arrows. */
function needsOf(props: GraphProps, id: string): string[] {
  return props.edges
    .filter((edge) => edge.to === id)
    .map((edge) => props.nodes.find((node) => node.id === edge.from)?.label ?? edge.from);
}

function Edges(props: { placed: ReturnType<typeof layoutGraph>; selected: string | null }) {
  return (
    <svg
      class="pointer-events-none absolute inset-0"
      width={props.placed.width}
      height={props.placed.height}
      aria-hidden="true"
    >
      <For each={props.placed.edges}>
        {(edge) => (
          <path
            d={edge.path}
            fill="none"
            stroke-width="1.5"
            class={
              edge.from === props.selected || edge.to === props.selected
                ? "stroke-[var(--color-accent)]"
                : "stroke-[var(--color-line-strong)]"
            }
          />
        )}
      </For>
    </svg>
  );
}

interface NodeBoxProps {
  node: GraphNode;
  needs: readonly string[];
  selected: boolean;
  tabStop: boolean;
  draggable: boolean;
  ref: (element: HTMLButtonElement) => void;
  onSelect: () => void;
  onFocus: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

function NodeBox(props: NodeBoxProps) {
  /** What the drawing shows otherwise. */
  const spoken = () =>
    [
      props.node.status === undefined ? undefined : statusWord(props.node.status),
      props.node.problem,
      props.needs.length === 0 ? undefined : `after ${props.needs.join(", ")}`,
    ]
      .filter(Boolean)
      .map((part) => `, ${part}`)
      .join("");
  return (
    <button
      type="button"
      ref={(element) => props.ref(element)}
      tabIndex={props.tabStop ? 0 : -1}
      draggable={props.draggable}
      aria-current={props.selected ? "true" : undefined}
      title={props.node.problem ?? props.node.label}
      onClick={() => props.onSelect()}
      onFocus={() => props.onFocus()}
      onKeyDown={(event) => props.onKeyDown(event)}
      class="flex h-full w-full items-center gap-2 rounded-panel border bg-surface px-3 text-left hover:bg-hover aria-[current=true]:border-accent aria-[current=true]:bg-accent-soft"
      classList={{
        "border-failed": props.node.problem !== undefined && !props.selected,
        "border-line-strong": props.node.problem === undefined,
      }}
    >
      <Show when={props.node.status}>{(status) => <StatusIcon status={status()} />}</Show>
      <span class="flex min-w-0 flex-1 flex-col">
        <span class="truncate font-medium">{props.node.label}</span>
        <Show when={props.node.detail}>
          <span class="sr-only">, </span>
          <span class="tabular truncate text-xs text-muted">{props.node.detail}</span>
        </Show>
        <span class="sr-only">{spoken()}</span>
      </span>
    </button>
  );
}
