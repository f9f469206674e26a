import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alternativesOf, languageSchema } from "../../shared/workflow/assist/languageSchema.ts";
import { editWorkflow } from "../../shared/workflow/edit/editWorkflow.ts";
import type { Json, JsonObject } from "../../shared/workflow/edit/json.ts";
import { inspectWorkflow, lintWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { fieldsOf, fieldText, fieldValue, fits, kindOf, kindsOf, listOf, newItem, type FormField } from "./formFields.ts"; // prettier-ignore
import { freeName, problemAt, problemsBeside, suggestionsAt, valueAt, type WorkflowForm } from "./workflowForm.ts"; // prettier-ignore

const parts = ["steps", "triggers", "inputs"] as const;
type Part = (typeof parts)[number];
const fieldOf = (part: Part, type: string, key: string) =>
  fieldsOf(kindOf(part, type)).find((field) => field.key === key)!;
const controlsOf = (part: Part, type: string) =>
  Object.fromEntries(fieldsOf(kindOf(part, type)).map((field) => [field.key, field.control]));

describe("W250 the forms have what the language has", () => {
  it("a field for every key of every kind, with a hint", () => {
    expect(kindsOf("steps").map((kind) => kind.type)).toEqual([
      "agent", "command", "pull_request", "deploy", "approve", "release", "notify",
    ]); // prettier-ignore
    expect(kindsOf("triggers").map((kind) => kind.type)).toEqual([
      "manual", "cron", "repo_event", "webhook", "workflow",
    ]); // prettier-ignore
    expect(kindsOf("inputs").map((kind) => kind.type)).toEqual(["string", "number", "boolean", "choice"]);
    for (const part of parts)
      for (const { type } of kindsOf(part))
        for (const field of allFields(fieldsOf(kindOf(part, type))))
          if (field.key !== "type") expect({ ...field, hint: field.hint }).not.toMatchObject({ hint: "" });
  });

  it("each with the control that its values need", () => {
    expect(controlsOf("triggers", "repo_event")).toEqual({
      event: "choice", branches: "list", paths: "list", labels: "list", actors: "group", if: "text",
    }); // prettier-ignore
    expect(controlsOf("triggers", "cron")).toEqual({ cron: "text", timezone: "text", catch_up: "choice" });
    expect(controlsOf("inputs", "choice")).toEqual({
      options: "list", default: "text", description: "paragraph", required: "boolean",
    }); // prettier-ignore
    expect(fieldOf("inputs", "boolean", "default").control).toBe("choice");
    expect(controlsOf("steps", "command")).toMatchObject({
      command: "paragraph", env: "pairs", timeout_sec: "number", reports: "group", on_failure: "variant",
      artifacts: "list", cache: "yaml",
    }); // prettier-ignore
    expect(controlsOf("steps", "pull_request")).toMatchObject({ draft: "boolean", reviewers: "list" });
    const policies = fieldsOf(languageSchema().properties?.["policies"]);
    expect(policies.map((field) => field.control)).toEqual(policies.map(() => "group"));
  });

  it("a new step, trigger or input of any kind is right as it is", () => {
    for (const part of parts)
      for (const { type } of kindsOf(part)) {
        const item = newItem(kindOf(part, type));
        const file: JsonObject = {
          name: "x",
          triggers: [{ type: "manual" }],
          steps: [{ type: "release" }],
          ...(part === "inputs" ? { inputs: { one: item } } : { [part]: [item] }),
        };
        const problems = lintWorkflow(JSON.stringify(file), { path: "w.json" });
        expect({ type, problems }).toEqual({ type, problems: [] });
      }
  });

  it("another kind keeps what it takes", () => {
    const choice = newItem(kindOf("inputs", "choice"), { type: "string", default: "a", description: "d" });
    expect(choice).toEqual({ type: "choice", options: ["first", "second"], default: "a", description: "d" });
    expect(newItem(kindOf("inputs", "number"), choice)).toEqual({ type: "number", description: "d" });
  });

  it("what a field shows means the same when it is read", () => {
    const env = fieldOf("steps", "command", "env");
    expect(fieldValue(env, fieldText(env, { A: "1=2", B: "x" }))).toEqual({ A: "1=2", B: "x" });
    expect(() => fieldValue(env, "nothing")).toThrow(/NAME=value/);
    expect(fits(env, { A: "two\nlines" })).toBe(false);
    expect(listOf("one")).toEqual(["one"]);
    expect(fieldValue(fieldOf("steps", "command", "timeout_sec"), "60")).toBe(60);
    expect(() => fieldValue(fieldOf("steps", "command", "timeout_sec"), "soon")).toThrow(/not a number/);
    expect(fieldValue(fieldOf("inputs", "boolean", "default"), "false")).toBe(false);
    expect(fieldValue(env, " ")).toBeUndefined();
  });
});

const yaml = `# The whole head.
name: Release # shown
inputs:
  # Which one.
  channel: { type: choice, options: [beta, stable], default: beta } # asked
  dry: { type: boolean }
triggers:
  - { type: manual } # by hand
  # Each morning.
  - type: cron
    cron: "0 9 * * 1-5" # early
    timezone: America/Chicago
  - type: repo_event # on changes
    event: pull_request.opened
    # only these
    branches: [main, 'rel/*'] # two
    paths:
      # sources
      - src/** # all
      - docs/**
    actors:
      allow_bots: true # also theirs
  - { type: webhook, name: alert, secret_ref: ALERT }
  - type: workflow
    workflow: ci.yaml
concurrency: { group: "release-\${{ inputs.channel }}", max: 1 } # one
policies:
  # What it may cost.
  budget:
    max_credits: 25 # enough
  network: { allowed_domains: [registry, api.example.com] }
  gates:
    # who
    approvers:
      - role:admin # them
      - user:a@example.com
    self_approval: true
steps:
  - type: command
    command: echo "$C" # say
    if: inputs.channel == "beta" && "inputs.channel" != ""
    env: { C: "\${{ inputs.channel }}" } # given
outputs: { channel: "\${{ inputs['channel'] }}" }
`;

interface Place {
  path: readonly (string | number)[];
  field: FormField;
}

function allFields(fields: readonly FormField[]): FormField[] {
  return fields.flatMap((field) =>
    field.control === "group" ? allFields(fieldsOf(alternativesOf(field.schema)[0])) : [field],
  );
}

/** Every field that the forms of this file show, with its place. */
function placesIn(file: JsonObject): Place[] {
  const under = (path: Place["path"], fields: readonly FormField[]): Place[] =>
    fields.flatMap((field): Place[] => {
      const at = [...path, field.key];
      return field.control === "group"
        ? under(at, fieldsOf(alternativesOf(field.schema)[0]))
        : [{ path: at, field }];
    });
  const ofKind = (part: "triggers" | "inputs", at: string | number, item: Json | undefined): Place[] =>
    under([part, at], fieldsOf(kindOf(part, (item as JsonObject)["type"])));
  return [
    ...(file["triggers"] as Json[]).flatMap((item, index) => ofKind("triggers", index, item)),
    ...Object.entries(file["inputs"] as JsonObject).flatMap(([name, item]) => ofKind("inputs", name, item)),
    ...under([], fieldsOf(languageSchema(), ["$schema", "version", "project", "inputs", "triggers", "steps", "outputs"])),
  ]; // prettier-ignore
}

const text = fc.oneof(
  fc.constantFrom(
    "a: b",
    "x #y",
    "- z",
    "it's",
    'say "hi"',
    "*a",
    "@c",
    "a,b",
    "[",
    "1e3",
    "true",
    "~",
    "src/**",
  ),
  fc.stringMatching(/^[a-z]{1,8}$/),
);

function drawnValue(field: FormField): fc.Arbitrary<Json> {
  switch (field.control) {
    case "boolean":
      return fc.boolean();
    case "number":
      return fc.nat(1000);
    case "list":
      return fc.uniqueArray(text, { minLength: 1, maxLength: 4 });
    case "choice":
      return fc.constantFrom(...field.options).map((option) => fieldValue(field, option) ?? option);
    default:
      return text;
  }
}

const inspected = (source: string) => inspectWorkflow(source, { path: "w.yaml" });
const places = placesIn(inspected(yaml).value!);
const drawnEdit = fc
  .constantFrom(...places)
  .chain((place) => fc.record({ place: fc.constant(place), value: fc.option(drawnValue(place.field)) }));

const comments = (source: string): string[] => source.match(/# .*$/gm) ?? [];

describe("W251 a field of a form changes its own lines of the YAML", () => {
  it("any field to any value: it means that, the rest means what it meant, no comment of another line is lost", () => {
    fc.assert(
      fc.property(drawnEdit, ({ place: { path }, value }) => {
        const before = inspected(yaml).value!;
        const isThere = valueAt(before, path) !== undefined;
        if (value === null && !isThere) return;
        const edit =
          value === null ? ({ kind: "remove", path } as const) : ({ kind: "set", path, value } as const);
        const after = editWorkflow(yaml, edit).text;
        const read = inspected(after).value!;
        expect(valueAt(read, path)).toEqual(value ?? undefined);
        const old = yaml.split("\n");
        const now = after.split("\n");
        // A list of lines may lose those of its items that go; anything else is one line, or the new ones.
        const lost = old.filter((line) => !now.includes(line)).length;
        expect(lost).toBeLessThanOrEqual(Array.isArray(valueAt(before, path)) || value === null ? 5 : 1);
        const gone = comments(yaml).filter((comment) => !comments(after).includes(comment));
        for (const comment of gone) {
          const line = old.find((one) => one.includes(comment)) ?? "";
          expect(now).not.toContain(line);
        }
        for (const other of places) {
          const isInside = path.every((part, index) => other.path[index] === part);
          const holds = other.path.every((part, index) => path[index] === part);
          if (!isInside && !holds) expect(valueAt(read, other.path)).toEqual(valueAt(before, other.path));
        }
      }),
      { numRuns: 400 },
    );
  });

  it("set and back gives the same bytes", () => {
    fc.assert(
      fc.property(drawnEdit, ({ place: { path, field }, value }) => {
        const before = valueAt(inspected(yaml).value!, path);
        if (value === null || field.control === "list") return;
        const after = editWorkflow(yaml, { kind: "set", path, value }).text;
        const back = editWorkflow(
          after,
          before === undefined ? { kind: "remove", path } : { kind: "set", path, value: before },
        ).text;
        expect(inspected(back).value).toEqual(inspected(yaml).value);
        if (before === undefined) expect(back).toBe(yaml);
      }),
      { numRuns: 300 },
    );
  });

  it("ten edits in a row are right at each one", () => {
    fc.assert(
      fc.property(fc.array(drawnEdit, { minLength: 10, maxLength: 10 }), (edits) => {
        let now = yaml;
        for (const { place, value } of edits) {
          if (value === null) continue;
          now = editWorkflow(now, { kind: "set", path: place.path, value }).text;
          expect(valueAt(inspected(now).value!, place.path)).toEqual(value);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("triggers are added as their neighbours are written, and removed with their comments", () => {
    const added = editWorkflow(yaml, { kind: "set", path: ["triggers", 5], value: { type: "manual" } }).text;
    expect(added).toBe(yaml.replace("workflow: ci.yaml\n", "workflow: ci.yaml\n  - type: manual\n"));
    expect(editWorkflow(added, { kind: "remove", path: ["triggers", 5] }).text).toBe(yaml);
    const removed = editWorkflow(yaml, { kind: "remove", path: ["triggers", 1] }).text;
    expect(removed).toBe(yaml.replace(/ {2}# Each morning[\s\S]*Chicago\n/, ""));
  });

  it("W252 an input's new name is its name in every expression, and nowhere else", () => {
    const renamed = editWorkflow(yaml, { kind: "renameKey", path: ["inputs", "channel"], to: "track" }).text;
    expect(renamed).toBe(
      yaml
        .replace("  channel: { type", "  track: { type")
        .replace("release-${{ inputs.channel", "release-${{ inputs.track")
        .replace('if: inputs.channel == "beta"', 'if: inputs.track == "beta"')
        .replace("${{ inputs.channel }}", "${{ inputs.track }}")
        .replace("inputs['channel']", "inputs['track']"),
    );
    expect(() => editWorkflow(yaml, { kind: "renameKey", path: ["inputs", "channel"], to: "dry" })).toThrow(
      /already/,
    );
  });
});

describe("W253 what the linter finds is said at the field", () => {
  const wrong = yaml
    .replace("America/Chicago", "America/Chicagoo")
    .replace("pull_request.opened", "pull_request.opend")
    .replace("    workflow: ci.yaml", "    workflow: ci.yaml\n    when: now");

  it("at the field itself, at the one that holds it, and above the fields where there is none", () => {
    const shape = inspected(wrong).findings;
    expect(problemAt(shape, ["triggers", 2, "event"])).toMatchObject({
      hint: 'did you mean "pull_request.opened"?',
    });
    expect(problemAt(shape, ["triggers", 1])).toBeUndefined();
    const beside = problemsBeside(shape, { path: ["triggers", 4], fields: ["workflow", "on", "if"] });
    expect(beside.map((problem) => problem.code)).toEqual(["unknown_key"]);
    const meaning = inspected(yaml.replace("America/Chicago", "America/Chicagoo")).findings;
    expect(problemAt(meaning, ["triggers", 1, "timezone"])).toMatchObject({ code: "bad_timezone" });
    const item = inspected(yaml.replace("api.example.com", "https://x.org/")).findings;
    expect(problemAt(item, ["policies", "network", "allowed_domains"])).toMatchObject({
      code: "bad_pattern",
    });
  });

  it("names of the project and the file are offered where they may stand", () => {
    const form: WorkflowForm = {
      value: () => inspected(yaml).value!,
      findings: () => [],
      known: () => ({ secrets: ["ALERT"], workflows: [".coder/workflows/ci.yaml"] }),
      stepNames: () => ["Run tests"],
      readOnly: () => false,
      edit: () => undefined,
    };
    const offered = (...path: (string | number)[]) => {
      const place = places.find((one) => one.path.join() === path.join())!;
      return suggestionsAt(form, place.field, path);
    };
    expect(offered("triggers", 1, "timezone")).toContain("Europe/Berlin");
    expect(offered("triggers", 3, "secret_ref")).toEqual(["ALERT"]);
    expect(offered("triggers", 4, "workflow")).toEqual(["ci.yaml"]);
    expect(offered("policies", "checks", "required")).toEqual(["Run tests"]);
    expect(offered("policies", "gates", "require_human_approval_for")).toContain("deploy.prod");
    expect(offered("inputs", "channel", "default")).toEqual(["beta", "stable"]);
    expect(offered("triggers", 2, "branches")).toEqual([]);
    expect(freeName({ input: 1 }, "input")).toBe("input_2");
  });
});
