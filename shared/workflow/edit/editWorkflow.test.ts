import * as fc from "fast-check";
import { CORE_SCHEMA, load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { readWorkflowSource } from "../workflowSource.ts";
import { editWorkflow } from "./editWorkflow.ts";
import type { WorkflowEdit } from "./editWorkflow.ts";
import type { Json, JsonObject } from "./json.ts";
import { needsOf, planEdit, stepIdAt, stepsOf } from "./planEdit.ts";
import { applyChanges } from "./textChanges.ts";

function valueOf(text: string): JsonObject {
  const read = readWorkflowSource(text);
  if (!read.ok) throw new Error(`${read.problems[0]?.line}: ${read.problems[0]?.message}\n${text}`);
  return read.source.value as JsonObject;
}

const edited = (text: string, edit: WorkflowEdit): string => editWorkflow(text, edit).text;

const file = `# Builds and ships.
name: "CI"   # shown in lists
triggers: [{ type: manual }]

steps:
  # Everything starts here.
  - step_id: install
    type: command   # npm reads the lock file
    command: npm ci

  - { step_id: test, type: command, command: 'npm test' } # fast
  # Last, and slow.
  - step_id: build
    type: command
    command: |
      npm run build
      ls dist
    # what it needs
    env:
      CI: "1" # always

outputs: { ok: "\${{ steps.test.outputs.passed }}" }
`;

describe("W35 an edit in the builder changes the lines that it concerns", () => {
  it.each<[string, WorkflowEdit, string, string]>([
    [
      "sets a plain value",
      { kind: "set", path: ["steps", 0, "command"], value: "npm install" },
      "command: npm ci\n",
      "command: npm install\n",
    ],
    [
      "keeps quotes and the comment",
      { kind: "set", path: ["name"], value: "Build: all" },
      '"CI"   # shown',
      '"Build: all"   # shown',
    ],
    [
      "sets inside a flow mapping",
      { kind: "set", path: ["steps", 1, "command"], value: "npm t" },
      "'npm test'",
      "'npm t'",
    ],
    [
      "adds a key to a flow mapping",
      { kind: "set", path: ["steps", 1, "timeout_sec"], value: 60 },
      "'npm test' }",
      "'npm test', timeout_sec: 60 }",
    ],
    [
      "adds a key in the language's order",
      { kind: "set", path: ["steps", 0, "name"], value: "Install" },
      "reads the lock file\n",
      "reads the lock file\n    name: Install\n",
    ],
    [
      "adds a mapping as one line",
      { kind: "set", path: ["steps", 0, "on_failure"], value: { type: "retry", max_attempts: 3 } },
      "npm ci\n",
      "npm ci\n    on_failure: { type: retry, max_attempts: 3 }\n",
    ],
    [
      "changes one line of a block text",
      { kind: "set", path: ["steps", 2, "command"], value: "npm run build\nls -l dist\n" },
      "      ls dist\n",
      "      ls -l dist\n",
    ],
    [
      "makes what is missing on the way",
      { kind: "set", path: ["policies", "network", "allowed_domains"], value: ["registry"] },
      "[{ type: manual }]\n",
      "[{ type: manual }]\npolicies:\n  network: { allowed_domains: [registry] }\n",
    ],
    [
      "removes a key with its line",
      { kind: "remove", path: ["steps", 0, "type"] },
      "    type: command   # npm reads the lock file\n",
      "",
    ],
    [
      "removes a mapping that is left empty",
      { kind: "remove", path: ["steps", 2, "env", "CI"] },
      '    # what it needs\n    env:\n      CI: "1" # always\n',
      "",
    ],
    [
      "appends to a list",
      { kind: "set", path: ["triggers", 1], value: { type: "cron", cron: "0 9 * * 1" } },
      "{ type: manual }]",
      "{ type: manual }, { type: cron, cron: 0 9 * * 1 }]",
    ],
    [
      "adds a step as its neighbours are written",
      { kind: "addStep", at: 2, step: { type: "deploy", target: "preview" } },
      "  # Last, and slow.\n",
      "  - type: deploy\n    target: preview\n\n  # Last, and slow.\n",
    ],
    [
      "removes a step with its comments",
      { kind: "removeStep", index: 2 },
      file.slice(file.indexOf("  # Last"), file.indexOf("\noutputs")),
      "",
    ],
  ])("%s", (_, edit, before, after) => {
    const expected = file.replace(before, () => after);
    const result = editWorkflow(file, edit);
    if (edit.kind !== "addStep") expect(result.text).toBe(expected);
    else expect(result.text).toContain("target: preview");
    expect(applyChanges(file, result.changes)).toBe(result.text);
  });

  it("moves a step with its comments, the empty lines stay", () => {
    expect(edited(file, { kind: "moveStep", index: 2, to: 0 })).toBe(
      file.replace(/ {2}# Everything[\s\S]*always\n/, () =>
        [
          '  # Last, and slow.\n  - step_id: build\n    type: command\n    command: |\n      npm run build\n      ls dist\n    # what it needs\n    env:\n      CI: "1" # always\n',
          "  # Everything starts here.\n  - step_id: install\n    type: command   # npm reads the lock file\n    command: npm ci\n",
          "  - { step_id: test, type: command, command: 'npm test' } # fast\n",
        ]
          .join("\n")
          .replace("always\n\n  # Every", "always\n\n  # Every")
          .replace("npm ci\n\n  - {", "npm ci\n  - {"),
      ),
    );
  });

  it("renames a step where it is named: in needs and expressions, not in texts that look like it", () => {
    const text = `steps:
  - { step_id: a, type: command, command: echo steps.a }
  - { step_id: b, type: command, command: x, needs: a, if: 'steps.a.outputs.ok && "steps.a" != steps["a"].status' }
  - { step_id: c, type: notify, needs: [a, b], message: "steps.a \${{ steps.a.outputs.x }} \${{ steps.ab.status }}" }
`;
    expect(edited(text, { kind: "renameStep", index: 0, id: "first" })).toBe(`steps:
  - { step_id: first, type: command, command: echo steps.a }
  - { step_id: b, type: command, command: x, needs: first, if: 'steps.first.outputs.ok && "steps.a" != steps["first"].status' }
  - { step_id: c, type: notify, needs: [first, b], message: "steps.a \${{ steps.first.outputs.x }} \${{ steps.ab.status }}" }
`);
    expect(edited(text, { kind: "renameStep", index: 0, id: "a-1" })).toContain(
      `if: 'steps["a-1"].outputs.ok`,
    );
  });

  it("needs in a file without any: the order of the others is written down", () => {
    const text =
      "steps:\n  - type: command\n    command: a\n  - type: command\n    command: b\n  - type: command\n    command: c\n";
    const after = valueOf(edited(text, { kind: "setNeeds", index: 2, needs: ["s1"] }));
    expect(stepsOf(after).map(needsOf)).toEqual([[], ["s1"], ["s1"]]);
    expect(edited(text, { kind: "setNeeds", index: 2, needs: ["s2"] })).toBe(text);
  });

  it("what waited for a removed step waits for what that waited for", () => {
    const text =
      "steps:\n  - { step_id: a, type: command, command: x }\n  - { step_id: b, type: command, command: x, needs: a }\n  - { step_id: c, type: command, command: x, needs: [b] }\n";
    expect(edited(text, { kind: "removeStep", index: 1 })).toBe(
      "steps:\n  - { step_id: a, type: command, command: x }\n  - { step_id: c, type: command, command: x, needs: [a] }\n",
    );
  });

  it("a step without an id that is read keeps its name when it moves", () => {
    const text =
      'steps:\n  - type: command\n    command: a\n  - type: command\n    command: b\noutputs: { x: "${{ steps.s2.outputs.y }}" }\n';
    const after = valueOf(edited(text, { kind: "moveStep", index: 1, to: 0 }));
    expect(stepsOf(after).map((step, index) => [stepIdAt(stepsOf(after), index), step["command"]])).toEqual([
      ["s2", "b"],
      ["s1", "a"],
    ]);
  });

  it("JSON stays JSON", () => {
    const json = '{\n  "name": "x",\n  "steps": [\n    { "type": "command", "command": "a" }\n  ]\n}\n';
    const more = edited(json, { kind: "addStep", at: 1, step: { type: "command", command: "it's" } });
    expect(JSON.parse(more)).toEqual({
      name: "x",
      steps: [
        { type: "command", command: "a" },
        { type: "command", command: "it's" },
      ],
    });
    expect(JSON.parse(edited(json, { kind: "set", path: ["description"], value: "y" }))).toMatchObject({
      description: "y",
    });
  });

  it("an empty list, a key without a value and a file with Windows line ends", () => {
    expect(
      edited("name: x\ninputs:\nsteps: [{ type: release }]\n", {
        kind: "set",
        path: ["inputs", "a"],
        value: { type: "string" },
      }),
    ).toBe("name: x\ninputs:\n  a: { type: string }\nsteps: [{ type: release }]\n");
    const windows = "steps:\r\n  - type: release\r\n    # c\r\n  - type: release\r\n";
    expect(
      edited(windows, { kind: "addStep", at: 1, step: { type: "notify", message: "a\nb" } }).replaceAll(
        "\r\n",
        "",
      ),
    ).not.toContain("\n");
    expect(edited(windows, { kind: "moveStep", index: 1, to: 0 })).toBe(
      "steps:\r\n  - type: release\r\n  - type: release\r\n    # c\r\n",
    );
  });

  it("several items of a list at once: those that go and those that come, at its end too", () => {
    const list = (items: string) =>
      `policies:\n  repo:\n    allowed_paths:\n${items}    blocked_paths: [x] # kept\n`;
    const text = list("      - a # first\n      - b\n      - c\n");
    const set = (value: Json[]) =>
      edited(text, { kind: "set", path: ["policies", "repo", "allowed_paths"], value });
    expect(set(["a"])).toBe(list("      - a # first\n"));
    expect(set(["a", "x", "y"])).toBe(list("      - a # first\n      - x\n      - y\n"));
    expect(set(["c"])).toBe(list("      - c\n"));
    expect(set(["x", "a", "b", "c"])).toBe(list("      - x\n      - a # first\n      - b\n      - c\n"));
  });

  it("a file that cannot be read, a block shared by an alias, a last step: refused with the way on", () => {
    expect(() => edited("a: [", { kind: "removeStep", index: 0 })).toThrow(/Correct it first/);
    const shared = "steps:\n  - &a { type: command, command: x }\n  - *a\n";
    expect(() => edited(shared, { kind: "set", path: ["steps", 0, "command"], value: "y" })).toThrow(
      /edit the YAML instead/,
    );
    expect(valueOf(edited(shared, { kind: "set", path: ["steps", 1, "command"], value: "y" }))).toMatchObject(
      { steps: [{ command: "x" }, { command: "y" }] },
    );
    expect(() => edited("steps: [{ type: release }]\n", { kind: "removeStep", index: 0 })).toThrow(
      /at least one step/,
    );
  });
});

const word = fc.stringMatching(/^[a-z]{1,8}$/);
const scalar = fc.oneof(
  word,
  fc.constantFrom(
    "yes",
    "null",
    "007",
    "a: b",
    "x #y",
    "- z",
    "{ }",
    "it's",
    'say "hi"',
    "",
    " pad ",
    "é ☃",
    "*a",
    "&b",
    "@c",
    "50%",
    "a,b",
    "[",
    "1e3",
    "true",
    "~",
    "#",
    "tab\there",
    "back\\slash",
  ),
  fc
    .string({ unit: "grapheme", maxLength: 12 })
    .filter((text) => text.isWellFormed() && !/[\0\uFFFD]/.test(text)),
  fc.constantFrom("two\nlines", "end\n", "a\n\nb", "  indented\nlines", "a\n  deeper\nb\n"),
);
const quoted = fc.tuple(
  word,
  fc.constantFrom(
    (t: string) => t,
    (t: string) => `'${t}'`,
    (t: string) => `"${t}"`,
  ),
);

interface DrawnStep {
  lines: string[];
}

const drawnStep = (index: number): fc.Arbitrary<DrawnStep> =>
  fc
    .record({
      value: quoted,
      flow: fc.boolean(),
      id: fc.boolean(),
      lead: fc.boolean(),
      tail: fc.boolean(),
      inline: fc.boolean(),
      env: fc.boolean(),
      block: fc.boolean(),
      inner: fc.boolean(),
    })
    .map((drawn) => {
      const comment = drawn.inline ? ` # inline ${index}` : "";
      const written = drawn.value[1](drawn.value[0]);
      const lines = drawn.lead ? [`  # lead ${index}`] : [];
      if (drawn.flow) {
        lines.push(
          `  - { ${drawn.id ? `step_id: step${index}, ` : ""}type: command, command: ${written} }${comment}`,
        );
      } else {
        lines.push(`  - ${drawn.id ? `step_id: step${index}\n    ` : ""}type: command${comment}`);
        if (drawn.inner) lines.push(`    # inner ${index}`);
        lines.push(
          drawn.block ? `    command: |\n      echo ${index}\n\n      done` : `    command:   ${written}`,
        );
        if (drawn.env) lines.push(`    env:\n      A: '1' # env ${index}\n      B: ${index}`);
      }
      if (drawn.tail) lines.push(`      # tail ${index}`);
      return { lines };
    });

const drawnFile = fc
  .integer({ min: 2, max: 6 })
  .chain((count) =>
    fc.tuple(
      fc.tuple(...Array.from({ length: count }, (_, index) => drawnStep(index))),
      fc.array(fc.constantFrom("", "\n", "\n  # section\n\n"), { minLength: count, maxLength: count }),
      fc.boolean(),
    ),
  )
  .map(([steps, gaps, ends]) => {
    const blocks = steps.map((step) => step.lines.join("\n"));
    const body = blocks
      .map((block, index) => block + (index === blocks.length - 1 ? "" : `\n${gaps[index] ?? ""}`))
      .join("");
    return {
      blocks,
      text: `# top\nname: Drawn   # name\n\nsteps:\n${body}\n${ends ? "\n# end\noutputs: {}\n" : ""}`,
    };
  });

const pick = (at: number, count: number): number => at % count;

const drawnEdit = fc.record({
  kind: fc.constantFrom(
    "set",
    "remove",
    "addStep",
    "removeStep",
    "moveStep",
    "duplicateStep",
    "renameStep",
    "setNeeds",
    "setNew",
  ),
  at: fc.nat(100),
  to: fc.nat(100),
  key: fc.constantFrom("command", "name", "if", "timeout_sec", "env"),
  value: scalar,
});
type DrawnEdit = typeof drawnEdit extends fc.Arbitrary<infer T> ? T : never;

function toEdit(drawn: DrawnEdit, count: number): WorkflowEdit {
  const index = pick(drawn.at, count);
  const value: Json =
    drawn.key === "timeout_sec"
      ? drawn.at + 1
      : drawn.key === "env"
        ? { A: drawn.value, C: "x" }
        : drawn.value;
  switch (drawn.kind) {
    case "set":
      return { kind: "set", path: ["steps", index, drawn.key], value };
    case "setNew":
      return { kind: "set", path: ["policies", "repo", "blocked_paths"], value: [drawn.value] };
    case "remove":
      return { kind: "remove", path: ["steps", index, drawn.key === "env" ? "env" : "command"] };
    case "addStep":
      return { kind: "addStep", at: drawn.at % (count + 1), step: { type: "command", command: drawn.value } };
    case "moveStep":
      return { kind: "moveStep", index, to: pick(drawn.to, count) };
    case "renameStep":
      return { kind: "renameStep", index, id: `renamed${drawn.at}` };
    case "setNeeds":
      return { kind: "setNeeds", index, needs: index === 0 ? [] : ["s1"] };
    case "removeStep":
      return { kind: "removeStep", index };
    default:
      return { kind: "duplicateStep", index };
  }
}

describe("W35 for any file with comments and any edit", () => {
  it("the result is read, means what was asked for, and other steps keep their bytes", () => {
    fc.assert(
      fc.property(drawnFile, drawnEdit, ({ text, blocks }, drawn) => {
        const edit = toEdit(drawn, blocks.length);
        const result = editWorkflow(text, edit);
        expect(valueOf(result.text)).toEqual(planEdit(valueOf(text), edit).after);
        expect(applyChanges(text, result.changes)).toBe(result.text);
        if (edit.kind === "setNeeds") return;
        const touched =
          "index" in edit
            ? edit.index
            : edit.kind === "set" || edit.kind === "remove"
              ? Number(edit.path[1])
              : -1;
        blocks.forEach((block, index) => {
          if (index !== touched || edit.kind === "moveStep" || edit.kind === "duplicateStep")
            expect(result.text).toContain(`${block}\n`);
        });
        for (const comment of text.match(/# (?:top|name|section|end)$/gm) ?? [])
          expect(result.text).toContain(comment);
        if (edit.kind === "moveStep") expect(result.text.split("\n").sort()).toEqual(text.split("\n").sort());
      }),
      { numRuns: 300 },
    );
  });

  it("an edit and its inverse give the same bytes", () => {
    fc.assert(
      fc.property(drawnFile, drawnEdit, ({ text, blocks }, drawn) => {
        const edit = toEdit(drawn, blocks.length);
        const back = inverseOf(edit, valueOf(text));
        if (back === undefined) return;
        expect(edited(edited(text, edit), back)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it("ten edits in a row are right at each one", () => {
    fc.assert(
      fc.property(drawnFile, fc.array(drawnEdit, { minLength: 10, maxLength: 10 }), ({ text }, edits) => {
        let now = text;
        for (const drawn of edits) {
          const count = stepsOf(valueOf(now)).length;
          const edit = toEdit(drawn, count);
          if (edit.kind === "removeStep" && count === 1) continue;
          if (edit.kind === "renameStep" && now.includes(edit.id)) continue;
          const next = edited(now, edit);
          expect(valueOf(next)).toEqual(planEdit(valueOf(now), edit).after);
          now = next;
        }
      }),
      { numRuns: 40 },
    );
  });
});

/** What takes an edit back, where one edit does. */
function inverseOf(edit: WorkflowEdit, before: JsonObject): WorkflowEdit | undefined {
  const steps = stepsOf(before);
  switch (edit.kind) {
    case "addStep":
      return { kind: "removeStep", index: edit.at };
    case "duplicateStep":
      return { kind: "removeStep", index: edit.index + 1 };
    case "moveStep":
      return { kind: "moveStep", index: edit.to, to: edit.index };
    case "renameStep": {
      const id = steps[edit.index]?.["step_id"];
      return typeof id === "string" ? { kind: "renameStep", index: edit.index, id } : undefined;
    }
    case "set": {
      const [first, index, key] = edit.path;
      if (first !== "steps") return { kind: "remove", path: edit.path };
      const old = steps[Number(index)]?.[String(key)];
      if (old === undefined) return { kind: "remove", path: edit.path };
      // What is put in must be plain as well (`null` would be quoted): the way a text was written is its place's, and a
      // text of several lines comes back in another of the ways to write it.
      const plain =
        typeof old === "string" &&
        !old.includes("\n") &&
        typeof edit.value === "string" &&
        /^[a-z]+$/.test(edit.value) &&
        load(edit.value, { schema: CORE_SCHEMA }) === edit.value;
      return plain ? { kind: "set", path: edit.path, value: old } : undefined;
    }
    default:
      return undefined;
  }
}
