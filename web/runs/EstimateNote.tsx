import { Show } from "solid-js";
import { creditsInWords, estimateOf } from "../../shared/run/estimate.ts";
import type { Artifact } from "../../shared/run/events.ts";
import { formatDuration } from "../ui/formatTime.ts";

/** What a dry run has found out about the real one, in a few words of the status line. */
export function EstimateNote(props: { artifact: Artifact }) {
  const words = () => {
    const found = estimateOf(props.artifact);
    if (found === undefined) return null;
    const time = found.durationMs === undefined ? null : formatDuration(found.durationMs.median);
    return [time, creditsInWords(found)].filter(Boolean).join(", ");
  };
  return <Show when={words()}>{(said) => <> · est. {said()}</>}</Show>;
}
