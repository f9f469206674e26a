import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoderError } from "../errors.ts";
import {
  compileExpression,
  evaluateCondition,
  evaluateExpression,
  interpolate,
  interpolateValue,
  splitTemplate,
} from "./expressions.ts";
import type { ExpressionContext, ExpressionScope, Value, Variable } from "./expressions.ts";

const context: ExpressionContext = {
  inputs: { channel: "beta", count: 7, dry: false },
  event: { pull_request: { draft: false, labels: ["bug"], number: 12 }, empty: null },
  project: { provider: "coder", owner: "acme", repo: "shop", ref: "main" },
  run: { id: "r1", number: 3, commit: "abc", trigger: "manual", attempt: 1 },
  steps: {
    build: { status: "succeeded", outputs: { changed: true, files: 3, version: "1.2.0", list: [1, 2] } },
    "e2e-tests": { status: "failed", outputs: {} },
  },
};

const scope: ExpressionScope = {
  variables: ["inputs", "event", "project", "run", "steps"],
  inputs: {
    channel: { type: "choice", options: ["beta", "stable"] },
    count: { type: "number" },
    dry: { type: "boolean" },
  },
};

describe("values", () => {
  it.each<[string, Value]>([
    ["steps.build.outputs.changed", true],
    ['steps["e2e-tests"].status == "failed"', true],
    ['inputs.channel == "beta" && !inputs.dry', true],
    ["event.pull_request.draft == false", true],
    ['"bug" in event.pull_request.labels', true],
    ["event.pull_request.labels.exists(l, l.startsWith('b'))", true],
    ["has(steps.build.outputs.nothing)", false],
    ['steps.build.outputs.?nothing.orValue("none")', "none"],
    ["event.empty == null", true],
    ['"v" + steps.build.outputs.version', "v1.2.0"],
    ["size(event.pull_request.labels)", 1],
    ["steps.build.outputs.list[1]", 2],
  ])("W16 %s", (source, value) => {
    expect(evaluateExpression(source, context)).toEqual(value);
    expect(compileExpression(source, scope)).toMatchObject({ ok: true });
  });

  it.each<[string, Value]>([
    ["inputs.count == 7", true],
    ["7 == inputs.count", true],
    ["inputs.count != 8", true],
    ["inputs.count > 6", true],
    ["inputs.count + 1", 8],
    ["1 + inputs.count", 8],
    ["inputs.count / 2", 3.5],
    ["2 * inputs.count - 1", 13],
    ["steps.build.outputs.files + 1 == 4", true],
    ["string(inputs.count)", "7"],
    ["7 / 2", 3],
  ])("W22 numbers mix: %s", (source, value) => {
    expect(evaluateExpression(source, context)).toEqual(value);
    expect(compileExpression(source, scope)).toMatchObject({ ok: true });
  });

  it.each(["steps.build.outputs.nothing", "event.a.b", "1 / 0", "steps.build.outputs.version + 1"])(
    "W16 %s fails in the run with the expression in the message",
    (source) => {
      expect(() => evaluateExpression(source, context)).toThrow(CoderError);
      expect(() => evaluateExpression(source, context)).toThrow(source);
    },
  );

  it("W16 JavaScript's own properties are not there", () => {
    for (const source of [
      "event.constructor",
      'event["__proto__"]',
      "inputs.toString",
      "event.pull_request.labels.length",
    ]) {
      expect(() => evaluateExpression(source, context)).toThrow(CoderError);
    }
  });

  it("W16 a condition is true or false, nothing else", () => {
    expect(evaluateCondition(true, context)).toBe(true);
    expect(evaluateCondition("inputs.dry", context)).toBe(false);
    expect(evaluateCondition("${{ steps.build.outputs.changed }}", context)).toBe(true);
    expect(() => evaluateCondition("inputs.channel", context)).toThrow('is "beta", not true or false');
    expect(() => evaluateCondition("inputs.count", context)).toThrow("not true or false");
  });
});

describe("checking", () => {
  const problem = (source: string, variables = scope.variables) => {
    const compiled = compileExpression(source, { ...scope, variables });
    return compiled.ok ? "ok" : compiled.problem;
  };

  it.each([
    ["inptus.channel", "unknown variable: inptus", 'did you mean "inputs"?', "inptus"],
    ["inputs.chanel", "no such key: chanel", 'did you mean "channel"?', "chanel"],
    ["project.reff", "no such key: reff", 'did you mean "ref"?', "reff"],
    ["steps.build.stats", "no such key: stats", 'did you mean "status"?', "stats"],
  ])("W17 %s", (source, message, hint, place) => {
    const found = problem(source);
    expect(found).toMatchObject({ message, hint });
    if (typeof found === "string") throw new Error("it passed");
    expect(source.slice(found.start, found.end)).toBe(place);
  });

  it.each([
    "1 + 'a'",
    "inputs.channel && true",
    "inputs.dry > 1",
    "size(1)",
    "nosuch(1)",
    "a b",
    "(",
    "event.",
    "x.y.z",
  ])("W17 %s does not pass", (source) => {
    expect(problem(source)).not.toBe("ok");
  });

  it("W17 a workflow without inputs has none to read", () => {
    expect(compileExpression("inputs.a", { variables: ["inputs"], inputs: {} })).toMatchObject({ ok: false });
    // What is known of one file's inputs is not believed of another's, nor of another place.
    const typed = (type: "string" | "number") => ({ a: { type } });
    const ask = (type: "string" | "number", variables: readonly Variable[] = ["inputs"]) =>
      compileExpression('inputs.a == "x"', { variables, inputs: typed(type) }).ok;
    expect([ask("string"), ask("number"), ask("string"), ask("string", ["run"])]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it("W17 a variable that this place may not read is named with those that it may", () => {
    expect(problem("event.a && steps.b.outputs.c", ["event", "project"])).toMatchObject({
      message: "steps cannot be read here",
      hint: "here: event, project",
      start: 11,
      end: 16,
    });
  });

  it("W17 an expression that would take for ever to check is refused", () => {
    expect(problem(Array(600).fill("true").join(" && "))).not.toBe("ok");
    expect(problem(`${"(".repeat(200)}true${")".repeat(200)}`)).not.toBe("ok");
  });

  it("W18 the steps that are read are known, by dot and by bracket", () => {
    const compiled = compileExpression(
      'steps.build.outputs.a && steps["e2e-tests"].status == "x" && event.steps.c',
      scope,
    );
    if (!compiled.ok) throw new Error(compiled.problem.message);
    expect(
      compiled.references.filter((one) => one.variable === "steps").map(({ name, field }) => [name, field]),
    ).toEqual([
      ["build", "outputs"],
      ["e2e-tests", "status"],
    ]);
  });

  it("W14 an expression that reads nothing is known", () => {
    expect(compileExpression("1 == 2", scope)).toMatchObject({ ok: true, constant: false });
    expect(compileExpression("inputs.dry", scope)).not.toHaveProperty("constant");
  });
});

describe("templates", () => {
  it.each([
    ["plain", "plain"],
    ["v${{ steps.build.outputs.version }}!", "v1.2.0!"],
    ["${{inputs.channel}}-${{ inputs.count }}", "beta-7"],
    ["${{ event.empty }}", ""],
    ["${{ steps.build.outputs.list }}", "[1,2]"],
    ['${{ "}}" + inputs.channel }}', "}}beta"],
    ["$HOME ${x} {{ y }} }}", "$HOME ${x} {{ y }} }}"],
  ])("W19 %s", (template, text) => {
    expect(interpolate(template, context)).toBe(text);
  });

  it("W19 what an expression gives is data: its own ${{ }} is not evaluated again", () => {
    const evil = { ...context, event: { title: "${{ run.id }} $(rm -rf /)" } };
    expect(interpolate("${{ event.title }}", evil)).toBe("${{ run.id }} $(rm -rf /)");
  });

  it("W19 an expression that is not closed fails", () => {
    expect(splitTemplate("a ${{ b")).toEqual([
      { kind: "text", text: "a " },
      { kind: "unclosed", start: 2 },
    ]);
    expect(() => interpolate("a ${{ b", context)).toThrow("without }}");
  });

  it("W19 in JSON a string that is one expression keeps its type", () => {
    expect(
      interpolateValue({ a: "${{ inputs.count }}", b: ["n ${{ inputs.count }}", 1, null] }, context),
    ).toEqual({
      a: 7,
      b: ["n 7", 1, null],
    });
  });

  it("W19 any text without an opening is itself, and any value comes through whole", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!text.includes("${{"));
        expect(interpolate(text, context)).toBe(text);
        expect(interpolate("<${{ event.text }}>", { ...context, event: { text } })).toBe(`<${text}>`);
      }),
    );
  });
});
