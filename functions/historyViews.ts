import type { ArtifactKind, RunStatus, StoredRunEvent } from "../shared/run/events.ts";
import type { Json, Project, Run } from "./views.ts";

/** What the API answers about runs that have ended: outline, pages of logs, hits of a search, chains, retention. */

/** A step's packed log without its lines. Lines count from 0. */
export interface LogHeader {
  stepId: string;
  lines: number;
  groups: { start: number; end: number | null; title: string }[];
}

/** All of an ended run but the lines of its log; the events have gaps where those of the log are. */
export interface RunOutline {
  events: StoredRunEvent[];
  logs: LogHeader[];
}

export interface LogPage {
  /** From 0. */
  firstLine: number;
  lines: number;
  /** The lines as printed, a line feed between them. */
  body: string;
  /** Line of the page from which on a stream and a time (milliseconds since the epoch) hold. */
  marks: [line: number, stream: "out" | "err" | "note", at: number][];
}

/** A line of some run's log that holds what was searched for. */
export interface LogHit {
  /** Of the log's page; a further search goes on before it. */
  pageId: number;
  runId: string;
  number: number;
  name: string;
  status: RunStatus;
  finishedAt: string | null;
  stepId: string;
  /** From 1, as the run page links to it. */
  line: number;
  excerpt: string;
}

/** An artifact beside those it was made from, of whichever run. */
export interface ChainLink {
  id: string;
  kind: ArtifactKind;
  name: string;
  stepId: string | null;
  runId: string;
  runNumber: number;
  runName: string;
  commit: string;
  madeFrom: string[];
  createdAt: string;
  data: { [key: string]: Json };
}

/** Days that records are kept; null inherits. */
export interface Retention {
  logDays: number | null;
  artifactDays: number | null;
  runDays: number | null;
  deliveryDays: number | null;
  deploymentDays: number | null;
  /** Of each site, the newest so many stay whatever their age. */
  deploymentsKept: number | null;
}

/** How many of each would be deleted. */
export interface RetentionPreview {
  logs: number;
  artifacts: number;
  runs: number;
  deliveries: number;
  deployments: number;
}

/** A run with what a comparison of two reads. */
export interface ComparableRun {
  run: Run;
  /** Text of the workflow as it was run. */
  yaml: string;
  /** Data of its test reports. */
  reports: { [key: string]: Json }[];
  /** How many lines each step's packed log has. */
  logs: { stepId: string; lines: number }[];
}

/** What the page of a run begins with. */
export interface OpenedRun {
  project: Project;
  run: Run;
  /** Null while the log is in the events: they are followed instead. */
  outline: RunOutline | null;
  /** The lines that are seen first. */
  first: { stepId: string; pages: LogPage[] } | null;
}
