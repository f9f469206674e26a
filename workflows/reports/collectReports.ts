import picomatch from "picomatch";
import { CoderError } from "../../shared/errors.ts";
import type { Sandbox, SandboxFile } from "../sandbox/sandbox.ts";
import type { StepContext } from "../steps/step.ts";
import { parseJunit } from "./parseJunit.ts";
import { parseRunnerOutput } from "./parseRunnerOutput.ts";
import { parseTap } from "./parseTap.ts";
import { mergeReports, type TestReport } from "./testReport.ts";

const maxReports = 200;
/** Of all reports of a step together: they are parsed in the worker, which has heartbeats to send meanwhile. */
const maxReportBytes = 8 * 1024 * 1024;

interface Ran {
  /** The end of the command's output. */
  output: string;
  reports: { junit?: string[] | undefined; tap?: string[] | undefined };
  exitCode: number;
}

/** What a command said about tests, as a type alias so that it is JSON. */
export type TestCounts = { passed: number; failed: number; skipped: number; total: number };

/**
 * The test report of a command, stored as an artifact: from the files its `reports` name, else from what the runner
 * printed. Undefined when the command ran no tests that we can read.
 */
export async function collectReports(
  context: StepContext,
  sandbox: Sandbox,
  ran: Ran,
): Promise<TestCounts | undefined> {
  const files = await reportFiles(context, sandbox, ran.reports);
  const fromFiles = mergeReports(files.map((file) => file.report));
  const report = fromFiles ?? parseRunnerOutput(ran.output);
  if (!report) return undefined;
  // The raw reports are kept; what was printed is in the log already.
  const raw = files.map((file) => `<!-- ${file.path} -->\n${file.text}`).join("\n");
  const { source, passed, failed, skipped, total, failures } = report;
  await context.artifact({
    kind: "test_report",
    name: context.step.name,
    data: {
      source,
      passed,
      failed,
      skipped,
      total,
      failures,
      exitCode: ran.exitCode,
      commit: context.run.commit,
    },
    ...(raw === "" ? {} : { bytes: Buffer.from(raw), contentType: "text/plain; charset=utf-8" }),
  });
  return { passed, failed, skipped, total };
}

async function reportFiles(
  context: StepContext,
  sandbox: Sandbox,
  reports: Ran["reports"],
): Promise<{ path: string; text: string; report: TestReport }[]> {
  const wanted = [
    ...(reports.junit ?? []).map((glob) => ({ glob, parse: parseJunit })),
    ...(reports.tap ?? []).map((glob) => ({ glob, parse: parseTap })),
  ];
  if (wanted.length === 0) return [];
  const found: { path: string; text: string; report: TestReport }[] = [];
  const files = await listForReports(context, sandbox);
  let budget = maxReportBytes;
  for (const { glob, parse } of wanted) {
    const matches = picomatch(glob.replace(/^\.\//, ""), { dot: true });
    const paths = files.map((file) => file.path).filter((path) => matches(path));
    if (paths.length === 0) context.log("note", `No file matches the report ${glob}.\n`);
    for (const path of paths.slice(0, maxReports)) {
      const bytes = await sandbox.read(path, budget).catch(missing(context, path));
      if (!bytes) continue;
      budget -= bytes.byteLength;
      const text = Buffer.from(bytes).toString("utf8");
      const report = parse(text);
      if (report) found.push({ path, text, report });
      else context.log("note", `${path} cannot be read as a test report.\n`);
    }
  }
  return found;
}

async function listForReports(context: StepContext, sandbox: Sandbox): Promise<SandboxFile[]> {
  const options = { maxFiles: 50_000, skip: ["node_modules", ".git"] };
  return (await sandbox.list(".", options).catch(missing(context, "The reports"))) ?? [];
}

/** A report that cannot be had does not fail the step, whose exit code speaks for itself; it is said in the log. */
function missing(context: StepContext, what: string): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof CoderError) || (error.code !== "too_large" && error.code !== "not_found"))
      throw error;
    context.log("note", `${what} could not be read: ${error.message}.\n`);
  };
}
