import { createSignal, onCleanup } from "solid-js";
import { formatDuration } from "../ui/formatTime.ts";

/** Time since an instant (milliseconds since the epoch), counting. */
export function Elapsed(props: { since: number }) {
  const [now, setNow] = createSignal(Date.now());
  const timer = setInterval(() => setNow(Date.now()), 1000);
  onCleanup(() => clearInterval(timer));
  return <span class="tabular">{formatDuration(Math.max(0, now() - props.since))}</span>;
}
