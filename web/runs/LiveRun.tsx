import { stepOf } from "../../shared/run/reduceRun.ts";
import { emptyLog } from "../../shared/run/stepLog.ts";
import { useApi } from "../api.ts";
import { createLiveRun } from "../live.ts";
import { useSession } from "../session.tsx";
import { createLiveLog } from "./logSource.ts";
import { RunScreen, type RunPlace } from "./RunScreen.tsx";

/** A run whose log is in its events: they are followed as they come. */
export function LiveRun(props: RunPlace) {
  const api = useApi();
  const session = useSession();
  const runId = props.run.id;
  const { view, freshness } = createLiveRun({
    runId,
    topics: session.topics,
    eventsAfter: (afterSeq) => api.runs.eventsAfter.query({ runId, afterSeq, limit: 1000 }),
  });
  return (
    <RunScreen
      {...props}
      view={view()}
      freshness={freshness()}
      logOf={(stepId) => createLiveLog(() => stepOf(view(), stepId)?.log ?? emptyLog)}
    />
  );
}
