import { Route, Router } from "@solidjs/router";
import { lazy } from "solid-js";
import { Shell } from "./Shell.tsx";

/** Every place is loaded when it is opened: the first page carries only the frame. */
const Home = lazy(async () => ({ default: (await import("./home/Home.tsx")).Home }));
const Studio = lazy(async () => ({ default: (await import("./studio/Studio.tsx")).Studio }));
const SignIn = lazy(async () => ({ default: (await import("./auth/SignIn.tsx")).SignIn }));
const Runs = lazy(async () => ({ default: (await import("./runs/RunsPage.tsx")).RunsPage }));
const Run = lazy(async () => ({ default: (await import("./runs/RunPage.tsx")).RunPage }));
const OrgRuns = lazy(async () => ({ default: (await import("./runs/OrgRunsPage.tsx")).OrgRunsPage }));
const LogSearch = lazy(async () => ({ default: (await import("./runs/LogSearchPage.tsx")).LogSearchPage }));
const Compare = lazy(async () => ({ default: (await import("./runs/ComparePage.tsx")).ComparePage }));
const Changes = lazy(async () => ({ default: (await import("./changes/ChangesPage.tsx")).ChangesPage }));
const Change = lazy(async () => ({ default: (await import("./changes/ChangePage.tsx")).ChangePage }));
const Issues = lazy(async () => ({ default: (await import("./issues/IssuesPage.tsx")).IssuesPage }));
const Issue = lazy(async () => ({ default: (await import("./issues/IssuePage.tsx")).IssuePage }));
const Workflows = lazy(async () => ({
  default: (await import("./workflows/WorkflowsPage.tsx")).WorkflowsPage,
}));
const NewWorkflow = lazy(async () => ({
  default: (await import("./workflows/NewWorkflowPage.tsx")).NewWorkflowPage,
}));
const Workflow = lazy(async () => ({ default: (await import("./workflows/WorkflowPage.tsx")).WorkflowPage }));
const ProjectSettings = lazy(async () => ({
  default: (await import("./settings/ProjectSettingsPage.tsx")).ProjectSettingsPage,
}));
const OrgSettings = lazy(async () => ({
  default: (await import("./settings/OrgSettingsPage.tsx")).OrgSettingsPage,
}));
const AccessTokens = lazy(async () => ({
  default: (await import("./settings/AccessTokensPage.tsx")).AccessTokensPage,
}));
const Events = lazy(async () => ({ default: (await import("./events/EventsPage.tsx")).EventsPage }));
const Inbox = lazy(async () => ({ default: (await import("./runs/InboxPage.tsx")).InboxPage }));
const Decided = lazy(async () => ({ default: (await import("./runs/DecidedPage.tsx")).DecidedPage }));
const Audit = lazy(async () => ({ default: (await import("./audit/AuditPage.tsx")).AuditPage }));
const WhatIf = lazy(async () => ({ default: (await import("./policy/WhatIfPage.tsx")).WhatIfPage }));
const NotFound = lazy(async () => ({ default: (await import("./NotFoundPage.tsx")).NotFoundPage }));

export function Routes() {
  return (
    <Router root={Shell}>
      <Route path="/" component={Home} />
      <Route path="/signin" component={SignIn} />
      <Route path="/inbox" component={Inbox} />
      <Route path="/inbox/decided" component={Decided} />
      <Route path="/settings/tokens" component={AccessTokens} />
      <Route path="/:org/settings" component={OrgSettings} />
      <Route path="/:org/audit" component={Audit} />
      <Route path="/:org/runs" component={OrgRuns} />
      <Route path="/:org/:project" component={Studio} />
      <Route path="/:org/:project/runs" component={Runs} />
      <Route path="/:org/:project/runs/:number" component={Run} />
      <Route path="/:org/:project/runs/:number/compare" component={Compare} />
      <Route path="/:org/:project/logs" component={LogSearch} />
      <Route path="/:org/:project/changes" component={Changes} />
      <Route path="/:org/:project/changes/:number" component={Change} />
      <Route path="/:org/:project/issues" component={Issues} />
      <Route path="/:org/:project/issues/:number" component={Issue} />
      <Route path="/:org/:project/workflows" component={Workflows} />
      <Route path="/:org/:project/workflows/new" component={NewWorkflow} />
      <Route path="/:org/:project/workflows/:file" component={Workflow} />
      <Route path="/:org/:project/what-if" component={WhatIf} />
      <Route path="/:org/:project/events" component={Events} />
      <Route path="/:org/:project/settings" component={ProjectSettings} />
      <Route path="*all" component={NotFound} />
    </Router>
  );
}
