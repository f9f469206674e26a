import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeWorkingCopy } from "./workingCopy.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const files = (entries: Record<string, string>) =>
  new Map(Object.entries(entries).map(([path, text]) => [path, bytes(text)]));

describe("makeWorkingCopy", () => {
  test("knows what was added, modified and deleted, and forgets what was put back", () => {
    const copy = makeWorkingCopy("c1", files({ "a.ts": "a", "b.ts": "b" }));
    copy.write("a.ts", bytes("A"));
    copy.remove("b.ts");
    copy.write("c.ts", bytes("c"));
    expect([...copy.changes()]).toEqual([
      ["a.ts", "modified"],
      ["b.ts", "deleted"],
      ["c.ts", "added"],
    ]);
    copy.write("a.ts", bytes("a"));
    copy.write("b.ts", bytes("b"));
    copy.remove("c.ts");
    expect(copy.draft()).toBeNull();
  });

  test("after a commit nothing differs; an edit made meanwhile still does", () => {
    const copy = makeWorkingCopy("c1", files({ a: "1" }));
    copy.write("a", bytes("2"));
    const committed = copy.snapshot();
    copy.write("a", bytes("3"));
    copy.rebase("c2", committed);
    expect(copy.baseCommit).toBe("c2");
    expect([...copy.changes()]).toEqual([["a", "modified"]]);
  });

  test("any edits, then a crash, then the draft over the same commit: identical bytes", () => {
    const path = fc.constantFrom("a", "b", "src/c", "src/d");
    const edit = fc.record({ path, content: fc.option(fc.uint8Array({ maxLength: 8 }), { nil: null }) });
    fc.assert(
      fc.property(fc.dictionary(path, fc.uint8Array({ maxLength: 8 })), fc.array(edit), (start, edits) => {
        const base = new Map(Object.entries(start));
        const before = makeWorkingCopy("c1", base);
        for (const { path: target, content } of edits) {
          if (content === null) before.remove(target);
          else before.write(target, content);
        }
        const draft = before.draft();
        const after = makeWorkingCopy("c1", base);
        if (draft !== null) after.restore(draft);
        expect(after.snapshot()).toEqual(before.snapshot());
        expect(after.changes()).toEqual(before.changes());
      }),
    );
  });
});
