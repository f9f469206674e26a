import { expect, test } from "vitest";
import { installCommand } from "./installCommand.ts";

test.each([
  ["npm ci", "package-lock.json"],
  ["  npm   install --no-audit --loglevel=error\n", "package-lock.json"],
  ["pnpm i --frozen-lockfile", "pnpm-lock.yaml"],
  ["yarn", "yarn.lock"],
  ["yarn install --immutable", "yarn.lock"],
  ["bun install", "bun.lock"],
])("W71 %j is a plain install", (command, lockFile) => {
  expect(installCommand(command)?.lockFiles).toContain(lockFile);
});

test.each([
  "npm ci && npm test",
  "npm ci; rm -rf src",
  "npm install left-pad",
  "npm install -g npm",
  "npm ci --prefix=app",
  "npm ci > log",
  "npm ci --registry=$(evil)",
  "npm ci --foo=`x`",
  "CI=1 npm ci",
  "npm\nci",
  "yarn add x",
  "npm run ci",
])("W71 %j is not", (command) => {
  expect(installCommand(command)).toBeUndefined();
});
