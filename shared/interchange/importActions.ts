import { parseDocument, stringify } from "yaml";
import { CoderError } from "../errors.ts";
import { parseWorkflow } from "../workflow/parseWorkflow.ts";
import { UnknownExpression } from "./actionsExpression.ts";
import { actionsToCel, type ActionsScope } from "./actionsToCel.ts";
import { importedSecrets } from "./importedSecrets.ts";
import { importStep, importTemplate } from "./importedSteps.ts";
import { importTriggers } from "./importTriggers.ts";
import { Notes, type Interchange } from "./report.ts";
import { asMap, slug, texts, type Written, asText } from "./written.ts";

const maxChars = 500_000;
const maxCopies = 16;

/** YAML of somebody else's file. @throws CoderError `bad_input` when it is none, `too_large` past 500,000 characters. */
export function readForeignYaml(text: string, what: string): Written {
  if (text.length > maxChars)
    throw new CoderError("too_large", `${what} is larger than ${maxChars} characters`);
  const document = parseDocument(text, { logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) throw new CoderError("bad_input", `${what} is not YAML: ${error.message}`);
  // Aliases that multiply are refused by the library past this count.
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new CoderError("bad_input", `${what} holds no mapping of keys to values`);
  return value as Written;
}

interface Job {
  id: string;
  written: Written;
  needs: string[];
}

/**
 * A GitHub Actions workflow as one of ours, with a note on everything that is not the same. Jobs become steps of one
 * graph over one checkout; a matrix is written out; actions other than those that prepare the machine are left out.
 * @param path of the file, which names the workflow that has no name.
 * @throws CoderError `bad_input` when the file is no workflow.
 */
export function importActions(text: string, path: string): Interchange {
  const file = readForeignYaml(text, path);
  const notes = new Notes();
  const { triggers, inputs } = importTriggers(file["on"] ?? file["true"], notes);
  const jobs = readJobs(file, path);
  const steps = new JobSteps(file, jobs, notes).all();
  if (steps.length === 0) throw new CoderError("bad_input", `${path} has no step that runs a command`);
  noteWhatIsIgnored(file, notes);
  const secrets = importedSecrets(steps);
  const workflow: Written = {
    name:
      typeof file["name"] === "string"
        ? file["name"]
        : slug((path.split("/").at(-1) ?? "imported").replace(/\.ya?ml$/, "")),
    ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
    triggers: triggers.length > 0 ? triggers : [{ type: "manual" }],
    ...concurrencyOf(file, notes),
    ...(secrets.length > 0 ? { policies: { secrets: { allowed: secrets } } } : {}),
    steps,
  };
  return finish(workflow, notes, path);
}

/** The text of what was imported; a part that our linter refuses would be a mistake of the import, and is said. */
export function finish(workflow: Written, notes: Notes, path: string): Interchange {
  const header = `# Imported from ${path}.\n`;
  const text = header + stringify(workflow, { lineWidth: 110 });
  for (const problem of parseWorkflow(text, { path: "imported.yaml" }).problems)
    if (problem.severity === "error")
      notes.leftOut(`line ${problem.line}`, `${problem.message}: correct it by hand`);
  return { text, notes: notes.list };
}

function readJobs(file: Written, path: string): Job[] {
  const jobs = Object.entries(asMap(file["jobs"])).map(([id, job]) => {
    const written = asMap(job);
    return { id, written, needs: texts(written["needs"]) };
  });
  if (jobs.length === 0)
    throw new CoderError("bad_input", `${path} has no jobs; is it a GitHub Actions workflow?`);
  return jobs;
}

function noteWhatIsIgnored(file: Written, notes: Notes): void {
  if (file["permissions"] !== undefined)
    notes.changed("permissions", "runs have no forge token; what they may do is in policies");
}

function concurrencyOf(file: Written, notes: Notes): Written {
  const given = file["concurrency"];
  if (given === undefined) return {};
  const settings = typeof given === "string" ? { group: given } : asMap(given);
  const scope = { steps: new Map(), before: [], env: {}, matrix: {}, jobOutputs: new Map(), secrets: false };
  try {
    const group = importTemplate(
      (asText(settings["group"]) ?? "").replaceAll(
        /\$\{\{\s*github\.workflow\s*\}\}/g,
        asText(file["name"]) ?? "workflow",
      ),
      scope,
    );
    const cancels = settings["cancel-in-progress"];
    if (typeof cancels === "string")
      notes.changed("concurrency.cancel-in-progress", "its condition is dropped: the oldest run is canceled");
    return {
      concurrency: {
        group,
        max: 1,
        when_full: cancels === undefined || cancels === false ? "queue" : "cancel_oldest",
      },
    };
  } catch (error) {
    if (!(error instanceof UnknownExpression)) throw error;
    notes.leftOut("concurrency", `its group reads ${error.message}`);
    return {};
  }
}

type Matrix = Record<string, string | number | boolean>;

/** Writes the steps of all jobs, with ids that are unique in the file. */
class JobSteps {
  readonly #file: Written;
  readonly #jobs: Job[];
  readonly #notes: Notes;
  readonly #ids = new Set<string>();
  /** Of each job the steps that end it, one per copy. */
  readonly #ends = new Map<string, string[]>();
  readonly #outputs = new Map<string, string>();
  readonly #steps = new Map<string, string>();

  constructor(file: Written, jobs: Job[], notes: Notes) {
    this.#file = file;
    this.#jobs = jobs;
    this.#notes = notes;
  }

  all(): Written[] {
    if (this.#jobs.length > 1)
      this.#notes.changed(
        "jobs",
        "each job had a machine of its own; here their steps share one checkout, in the order of their needs",
      );
    const written: Written[] = [];
    for (const job of inOrderOfNeeds(this.#jobs)) {
      for (const key of ["services", "container", "environment"])
        if (job.written[key] !== undefined)
          this.#notes.leftOut(`jobs.${job.id}.${key}`, `there is no ${key} here`);
      if (typeof job.written["uses"] === "string") {
        this.#notes.leftOut(
          `jobs.${job.id}`,
          "a workflow that is called is not carried over; import it as its own file",
        );
        continue;
      }
      for (const matrix of this.#matrices(job)) written.push(...this.#job(job, matrix));
    }
    if (
      this.#jobs.length > 1 ||
      written.some((step) => Array.isArray(step["needs"]) && step["needs"].length > 1)
    )
      return written;
    // One job is a plain list.
    return written.map((step) => Object.fromEntries(Object.entries(step).filter(([key]) => key !== "needs")));
  }

  #job(job: Job, matrix: Matrix): Written[] {
    const { written, id } = job;
    const defaults = {
      ...asMap(asMap(this.#file["defaults"])["run"]),
      ...asMap(asMap(written["defaults"])["run"]),
    };
    const env = { ...asMap(this.#file["env"]), ...asMap(written["env"]) };
    const copy = Object.values(matrix).join("-");
    const steps: Written[] = [];
    let before = job.needs.flatMap((need) => this.#ends.get(need) ?? []);
    const list = Array.isArray(written["steps"]) ? written["steps"] : [];
    for (const [index, one] of list.entries()) {
      const source = {
        written: asMap(one),
        at: `jobs.${id}.steps[${index}]`,
        surroundings: {
          env,
          workingDirectory: textOf(defaults["working-directory"]),
          shell: textOf(defaults["shell"]),
        },
        jobIf: textOf(written["if"]),
      };
      const step = importStep(source, this.#scope(before, { env, matrix }), this.#notes);
      if (step === undefined) continue;
      const stepId = this.#newId([
        this.#jobs.length > 1 ? id : "",
        textOf(source.written["id"]) ??
          textOf(source.written["name"]) ??
          firstWords(asText(step["command"]) ?? ""),
        copy,
      ]);
      if (typeof source.written["id"] === "string") this.#steps.set(source.written["id"], stepId);
      steps.push({ step_id: stepId, ...step, needs: before });
      before = [stepId];
    }
    this.#keepOutputs(job, this.#scope(before, { env, matrix }));
    this.#ends.set(id, [...(this.#ends.get(id) ?? []), ...before]);
    return steps;
  }

  #keepOutputs({ id, written }: Job, scope: ActionsScope): void {
    for (const [name, value] of Object.entries(asMap(written["outputs"]))) {
      try {
        const source = (asText(value) ?? "").replaceAll(/^\$\{\{\s*|\s*\}\}$/g, "");
        this.#outputs.set(`${id}.${name}`, actionsToCel(source, scope));
      } catch (error) {
        if (!(error instanceof UnknownExpression)) throw error;
        this.#notes.leftOut(`jobs.${id}.outputs.${name}`, `it reads ${error.message}`);
      }
    }
  }

  #scope(before: string[], known: { env: Written; matrix: Matrix }): ActionsScope {
    const env: Record<string, string> = {};
    for (const [name, value] of Object.entries(known.env)) {
      const text = asText(value);
      if (text !== undefined && !text.includes("${{")) env[name] = text;
    }
    return {
      steps: this.#steps,
      before,
      env,
      matrix: known.matrix,
      jobOutputs: this.#outputs,
      secrets: false,
    };
  }

  #newId(parts: string[]): string {
    const base = slug(parts.filter((part) => part !== "").join("-")).replace(/^(?=\d)/, "s");
    let id = base;
    for (let number = 2; this.#ids.has(id); number += 1) id = `${base}-${number}`;
    this.#ids.add(id);
    return id;
  }

  #matrices(job: Job): Matrix[] {
    const matrix = asMap(asMap(job.written["strategy"])["matrix"]);
    const { include, exclude, ...axes } = matrix;
    if (include !== undefined || exclude !== undefined)
      this.#notes.leftOut(`jobs.${job.id}.strategy.matrix`, "include and exclude are not carried over");
    const commands = JSON.stringify(
      (Array.isArray(job.written["steps"]) ? job.written["steps"] : []).filter(
        (step) => "run" in asMap(step),
      ),
    );
    const unread: string[] = [];
    let copies: Matrix[] = [{}];
    for (const [name, values] of Object.entries(axes)) {
      if (!commands.includes(`matrix.${name}`)) unread.push(name);
      else if (!Array.isArray(values))
        this.#notes.leftOut(`jobs.${job.id}.strategy.matrix.${name}`, "it is computed");
      else {
        const plain = values.filter((value) => typeof value !== "object");
        copies = copies.flatMap((one) => plain.map((value): Matrix => ({ ...one, [name]: value as string })));
      }
    }
    if (unread.length > 0)
      this.#notes.changed(
        `jobs.${job.id}.strategy`,
        `it runs once for all of ${unread.join(", ")}: every run is on the same kind of machine`,
      );
    if (copies.length > maxCopies) {
      this.#notes.leftOut(
        `jobs.${job.id}.strategy`,
        `of ${copies.length} copies only the first is carried over`,
      );
      return copies.slice(0, 1);
    }
    return copies;
  }
}

function inOrderOfNeeds(jobs: Job[]): Job[] {
  const ordered: Job[] = [];
  let rest = jobs;
  while (rest.length > 0) {
    const ready = rest.filter((job) => !job.needs.some((need) => rest.some((other) => other.id === need)));
    // A cycle cannot run there either; the order of the file is as good as any.
    ordered.push(...(ready.length > 0 ? ready : rest));
    rest = ready.length > 0 ? rest.filter((job) => !ready.includes(job)) : [];
  }
  return ordered;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function firstWords(command: string): string {
  return (
    command
      .split(/[\n;&|]/, 1)[0]
      ?.split(/\s+/)
      .slice(0, 3)
      .join(" ") ?? "step"
  );
}
