/** What may happen, as an event to ask about. Names and commits are filled in from the project. */
export const exampleNames = [
  "push",
  "pull_request.opened",
  "pull_request.labeled",
  "pull_request.merged",
  "issue.opened",
  "check.finished",
  "webhook",
  "cron",
  "workflow",
  "manual",
] as const;
export type ExampleName = (typeof exampleNames)[number];

export const exampleLabels: Record<ExampleName, string> = {
  push: "Push",
  "pull_request.opened": "Change opened",
  "pull_request.labeled": "Change labelled",
  "pull_request.merged": "Change merged",
  "issue.opened": "Issue opened",
  "check.finished": "Check finished",
  webhook: "Webhook",
  cron: "Due time",
  workflow: "End of a workflow",
  manual: "Start by hand",
};

export interface Place {
  defaultBranch: string;
  /** Commit of the default branch. */
  head: string;
  now: Date;
}

/** The event as people would edit it: two spaces, `event` first. */
export function exampleEvent(name: ExampleName, place: Place): string {
  return JSON.stringify({ event: name, ...fields(name, place) }, null, 2);
}

const actor = { id: "user", name: "ada", bot: false };

// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
function fields(name: ExampleName, { defaultBranch, head, now }: Place): object {
  const change = {
    number: 1,
    title: "A change",
    draft: false,
    head: "work",
    base: defaultBranch,
    headCommit: head,
    labels: ["bug"],
    merged: false,
    mergedCommit: null,
  };
  switch (name) {
    case "push":
      return { branch: defaultBranch, commit: head, actor, paths: ["src/App.tsx"] };
    case "pull_request.opened":
      return { branch: defaultBranch, commit: head, actor, paths: ["src/App.tsx"], pull_request: change };
    case "pull_request.labeled":
      return { branch: defaultBranch, actor, label: "bug", labels: ["bug"], paths: [], pull_request: change };
    case "pull_request.merged": {
      const merged = { ...change, merged: true, mergedCommit: head };
      return { branch: defaultBranch, commit: head, actor, paths: ["src/App.tsx"], pull_request: merged };
    }
    case "issue.opened":
      return {
        branch: defaultBranch,
        actor,
        labels: ["bug"],
        issue: { number: 1, title: "It does not work", state: "open" },
      };
    case "check.finished":
      return {
        branch: defaultBranch,
        commit: head,
        actor,
        check: { name: "Run tests", status: "failed", commit: head },
      };
    case "webhook":
      return { name: "alert", type: "alert.raised", body: { severity: "high" } };
    case "cron":
      return { due: `${now.toISOString().slice(0, 16)}:00Z` };
    case "workflow":
      return { workflow: ".coder/workflows/ci.yaml", status: "failed" };
    case "manual":
      return {};
  }
}
