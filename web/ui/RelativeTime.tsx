import { createSignal, onCleanup } from "solid-js";
import { exactTime, relativeTime } from "./formatTime.ts";

/** "2 min ago", kept current, with the exact time on hover. */
export function RelativeTime(props: { at: string | number | Date }) {
  const [now, setNow] = createSignal(Date.now());
  const timer = setInterval(() => setNow(Date.now()), 15_000);
  onCleanup(() => clearInterval(timer));
  const date = () => new Date(props.at);
  return (
    <time datetime={date().toISOString()} title={exactTime(date())} class="tabular whitespace-nowrap">
      {relativeTime(date(), now())}
    </time>
  );
}
