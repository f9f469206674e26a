import type { WorkflowTemplate } from "./renderTemplate.ts";

/*
 * Workflows to start from. Each is run, or where it holds agents linted and dry-run, by workflows/templates.test.ts.
 */

const checks = `  - { step_id: install, name: Install, type: command, command: {{install}} }
  - { step_id: lint, name: Lint, type: command, command: {{lint}} }
  - { step_id: test, name: Run tests, type: command, command: {{test}}, reports: { junit: "reports/*.xml" } }
  - { step_id: build, name: Build, type: command, command: {{build}} }`;

const network = "network: { allowed_domains: [{{domains}}] }";

export const templates: readonly WorkflowTemplate[] = [
  {
    id: "ci",
    title: "Checks on every change",
    description: "Installs, lints, tests and builds every push to main and every change, also those of bots.",
    agent: false,
    yaml: `name: CI
triggers:
  - { type: manual }
  - { type: repo_event, event: push, branches: [main], actors: { allow_bots: true } }
  - { type: repo_event, event: pull_request.opened, actors: { allow_bots: true } }
  - { type: repo_event, event: pull_request.updated, actors: { allow_bots: true } }
# A newer push makes the older run pointless; one that somebody started by hand is theirs to stop.
concurrency: { group: 'ci-\${{ project.ref }}-\${{ has(event.event) ? "events" : "by-hand" }}', when_full: cancel_oldest }
policies:
  ${network}
defaults: { on_interrupt: retry }
steps:
${checks}
`,
  },
  {
    id: "preview",
    title: "A preview of every change",
    description:
      "Builds each change and puts it under an address of its own, to look at before it is merged.",
    agent: false,
    yaml: `name: Preview
triggers:
  - { type: manual }
  - { type: repo_event, event: pull_request.opened, actors: { allow_bots: true } }
  - { type: repo_event, event: pull_request.updated, actors: { allow_bots: true } }
concurrency: { group: 'preview-\${{ project.ref }}-\${{ has(event.event) ? "events" : "by-hand" }}', when_full: cancel_oldest }
policies:
  ${network}
defaults: { on_interrupt: retry }
steps:
  - { step_id: install, name: Install, type: command, command: {{install}} }
  - { step_id: build, name: Build, type: command, command: {{build}} }
  - { step_id: preview, type: deploy, target: preview }
`,
  },
  {
    id: "release-train",
    title: "Release train",
    description:
      "Every Monday: test, build, preview, ask a person, deploy to production, tag a version with notes, and tell everybody.",
    agent: false,
    yaml: `name: Release train
triggers:
  - { type: manual }
  - { type: cron, cron: "0 9 * * 1", timezone: UTC, catch_up: last }
concurrency: { group: release, when_full: queue }
policies:
  ${network}
  checks: { required: [Run tests] }
  gates: { require_human_approval_for: [deploy.prod], approvers: [role:admin], expires_sec: 172800 }
defaults: { on_interrupt: retry }
steps:
  - { step_id: install, name: Install, type: command, command: {{install}} }
  - { step_id: test, name: Run tests, type: command, command: {{test}}, reports: { junit: "reports/*.xml" } } # needed
  - { step_id: build, name: Build, type: command, command: {{build}} }
  - { step_id: preview, type: deploy, target: preview }
  - { step_id: live, type: deploy, target: prod }
  - { step_id: release, type: release, bump: auto }
  - { step_id: tell, type: notify, channels: [inbox, email], message: "\${{ project.repo }} \${{ steps.release.outputs.version }} is live: \${{ steps.live.outputs.url }}" }
outputs: { version: "\${{ steps.release.outputs.version }}" }
`,
  },
  {
    id: "dependency-bump",
    title: "Dependency bump",
    description:
      "Every Monday: raises dependencies within what the manifest allows, tests, and opens a change.",
    agent: false,
    yaml: `name: Dependency bump
triggers:
  - { type: manual }
  - { type: cron, cron: "0 6 * * 1", timezone: UTC, catch_up: last }
concurrency: { group: dependency-bump, when_full: skip }
policies:
  ${network}
  limits: { max_changed_files: 20 }
defaults: { on_interrupt: retry }
steps:
  - { step_id: install, name: Install, type: command, command: {{install}} }
  - { step_id: bump, name: Raise dependencies, type: command, command: {{update}} } # needed
  - { step_id: test, name: Run tests, type: command, command: {{test}} }
  - { step_id: build, name: Build, type: command, command: {{build}} }
  - { step_id: change, type: pull_request, title: Raise dependencies }
`,
  },
  {
    id: "security-patch",
    title: "Security patch",
    description:
      "Every night: raises dependencies with known vulnerabilities, tests, opens a change, and says so.",
    agent: false,
    yaml: `name: Security patch
triggers:
  - { type: manual }
  - { type: cron, cron: "30 3 * * *", timezone: UTC, catch_up: last }
concurrency: { group: security-patch, when_full: skip }
policies:
  ${network}
  limits: { max_changed_files: 20 }
defaults: { on_interrupt: retry }
steps:
  - { step_id: install, name: Install, type: command, command: {{install}} }
  - { step_id: repair, name: Raise what is vulnerable, type: command, command: {{repair}} } # needed
  - { step_id: test, name: Run tests, type: command, command: {{test}} }
  - { step_id: change, type: pull_request, title: Raise dependencies with known vulnerabilities }
  - { step_id: tell, type: notify, message: "A security patch waits in change #\${{ steps.change.outputs.number }}", if: steps.change.outputs.opened }
`,
  },
  {
    id: "bug-fix-bot",
    title: "Bug-fix bot",
    description:
      "An issue with the label bug is reproduced and fixed by an agent, reviewed by another, and comes as a change.",
    agent: true,
    yaml: `name: Bug-fix bot
triggers:
  - { type: repo_event, event: issue.labeled, labels: [bug] }
concurrency: { group: bug-fix, when_full: queue }
policies:
  ${network}
  budget: { max_credits: 20, max_wall_clock_sec: 3600 }
  limits: { max_turns: 60, max_changed_files: 30 }
  repo: { blocked_paths: [".coder/", ".github/"] }
  gates: { require_human_approval_for: [pull_request.merge] }
steps:
  - { step_id: install, name: Install, type: command, command: {{install}}, on_interrupt: retry }
  - { step_id: fix, type: agent, role: implementer, tier: B, goal: "Reproduce issue #\${{ event.issue.number }} with a failing test, then make it pass: \${{ event.issue.title }}" }
  - { step_id: test, name: Run tests, type: command, command: {{test}}, on_interrupt: retry, on_failure: { type: agent_retry, role: tester, max_attempts: 2 } }
  - { step_id: review, type: agent, role: reviewer, goal: "Review the fix: is it the smallest one, and does its test prove it?" }
  - { step_id: change, type: pull_request, title: "Fix #\${{ event.issue.number }}: \${{ event.issue.title }}", draft: true }
`,
  },
  {
    id: "flaky-test-hunter",
    title: "Flaky-test hunter",
    description:
      "Every night: runs the tests five times on the same commit. What is not the same each time is told.",
    agent: false,
    yaml: `name: Flaky-test hunter
triggers:
  - { type: manual }
  - { type: cron, cron: "0 2 * * *", timezone: UTC, catch_up: none }
policies:
  ${network}
defaults: { on_interrupt: retry }
steps:
  - { step_id: install, name: Install, type: command, command: {{install}} }
  - step_id: hunt
    name: Run the tests five times
    type: command
    timeout_sec: 3600
    env:
      TESTS: {{test}} # needed
    command: |
      passed=0
      for round in 1 2 3 4 5; do
        echo "== round $round"
        if bash -c "$TESTS"; then passed=$((passed + 1)); fi
      done
      echo "passed=$passed" >> "$CODER_OUTPUT"
      test "$passed" = 5 || test "$passed" = 0
    on_failure: { type: continue }
  - { step_id: tell, type: notify, message: "Tests are flaky: the same commit passed \${{ steps.hunt.outputs.?passed.orValue('some') }} of 5 rounds", if: steps.hunt.status == "failed" }
`,
  },
  {
    id: "docs-upkeep",
    title: "Docs upkeep",
    description:
      "After code has changed on main, an agent brings the docs up to date. It can write nothing but docs.",
    agent: true,
    yaml: `name: Docs upkeep
triggers:
  - { type: repo_event, event: push, branches: [main], paths: ["src/**"] }
concurrency: { group: docs, when_full: cancel_oldest }
policies:
  ${network}
  budget: { max_credits: 10 }
  repo: { allowed_paths: ["docs/", "README.md"] }
steps:
  - { step_id: write, type: agent, role: implementer, tier: C, goal: Bring README.md and docs/ up to date with what the last commits changed; write nothing that is not true of the code }
  - { step_id: change, type: pull_request, title: Bring the docs up to date }
`,
  },
  {
    id: "review-bot",
    title: "Review bot",
    description: "An agent that cannot write reads every change and says what is risky.",
    agent: true,
    yaml: `name: Review bot
triggers:
  - { type: repo_event, event: pull_request.opened, if: event.pull_request.draft == false }
  - { type: repo_event, event: pull_request.updated, if: event.pull_request.draft == false }
concurrency: { group: "review-\${{ project.ref }}", when_full: cancel_oldest }
policies:
  budget: { max_credits: 5 }
  repo: { allowed_paths: [] }
steps:
  - { step_id: review, type: agent, role: reviewer, goal: "Review change #\${{ event.pull_request.number }}: correctness, security, tests. Name files and lines" }
`,
  },
  {
    id: "nightly-evaluation",
    title: "Nightly evaluation",
    description:
      "Every night: a clean install, all checks and a build of main; who answers for it gets mail when the tests are red.",
    agent: false,
    yaml: `name: Nightly evaluation
triggers:
  - { type: manual }
  - { type: cron, cron: "0 1 * * *", timezone: UTC, catch_up: last }
policies:
  ${network}
defaults: { on_interrupt: retry }
steps:
${checks}
  - { step_id: tell, type: notify, channels: [inbox, email], message: "The nightly evaluation of \${{ project.repo }} is red", if: 'steps.test.status == "failed"' } # with test
`,
  },
  {
    id: "publish-package",
    title: "Publish a package",
    description:
      "Tests, asks a person before the token is used, publishes to the package registry, and tags the version.",
    agent: false,
    yaml: `name: Publish package
triggers:
  - { type: manual }
concurrency: { group: publish, when_full: queue }
policies:
  ${network}
  secrets: { allowed: [NPM_TOKEN] }
  gates: { require_human_approval_for: ["secret.use:NPM_TOKEN"], approvers: [role:admin] }
steps:
  - { step_id: install, name: Install, type: command, command: {{install}}, on_interrupt: retry }
  - { step_id: test, name: Run tests, type: command, command: {{test}}, on_interrupt: retry }
  - { step_id: build, name: Build, type: command, command: {{build}}, on_interrupt: retry }
  - step_id: publish
    name: Publish
    type: command
    env: { NODE_AUTH_TOKEN: "\${{ secrets.NPM_TOKEN }}" }
    command: {{publish}} # needed
  - { step_id: release, type: release, bump: auto }
`,
  },
  {
    id: "tell-when-red",
    title: "Tell when CI is red",
    description: "When the workflow ci.yaml fails on any branch, everybody has it in the inbox.",
    agent: false,
    yaml: `name: Tell when CI is red
triggers:
  - { type: workflow, workflow: ci.yaml, on: failed }
steps:
  - { type: notify, channels: [inbox], message: "CI of \${{ project.repo }} is red" }
`,
  },
];
