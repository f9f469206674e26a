import { accessTokensRouter } from "./routers/accessTokens.ts";
import { approvalsRouter } from "./routers/approvals.ts";
import { auditRouter } from "./routers/audit.ts";
import { changesRouter } from "./routers/changes.ts";
import { checksRouter } from "./routers/checks.ts";
import { filesRouter } from "./routers/files.ts";
import { freezesRouter } from "./routers/freezes.ts";
import { gitTokensRouter } from "./routers/gitTokens.ts";
import { issuesRouter } from "./routers/issues.ts";
import { historyRouter } from "./routers/history.ts";
import { notificationsRouter } from "./routers/notifications.ts";
import { operationalizeRouter } from "./routers/operationalize.ts";
import { orgsRouter } from "./routers/orgs.ts";
import { policyRouter } from "./routers/policy.ts";
import { projectsRouter } from "./routers/projects.ts";
import { retentionRouter } from "./routers/retention.ts";
import { runsRouter } from "./routers/runs.ts";
import { secretsRouter } from "./routers/secrets.ts";
import { sessionRouter } from "./routers/session.ts";
import { sitesRouter } from "./routers/sites.ts";
import { triggersRouter } from "./routers/triggers.ts";
import { workflowsRouter } from "./routers/workflows.ts";
import { router } from "./trpc.ts";

/** The API. The browser imports only its type; answers are described in `views.ts`. */
export const appRouter = router({
  session: sessionRouter,
  accessTokens: accessTokensRouter,
  orgs: orgsRouter,
  projects: projectsRouter,
  files: filesRouter,
  gitTokens: gitTokensRouter,
  changes: changesRouter,
  issues: issuesRouter,
  checks: checksRouter,
  workflows: workflowsRouter,
  triggers: triggersRouter,
  runs: runsRouter,
  history: historyRouter,
  retention: retentionRouter,
  approvals: approvalsRouter,
  notifications: notificationsRouter,
  operationalize: operationalizeRouter,
  sites: sitesRouter,
  secrets: secretsRouter,
  policy: policyRouter,
  freezes: freezesRouter,
  audit: auditRouter,
});

export type AppRouter = typeof appRouter;
