import { describe, expect, it } from "vitest";
import { readPatch } from "./readPatch.ts";

const patch = `diff --git a/src/a b.ts b/src/a b.ts
index 1234567..89abcde 100644
--- a/src/a b.ts
+++ b/src/a b.ts
@@ -10,3 +10,4 @@ function f() {
 one
-two
+2
+3
 four
diff --git a/old.ts b/new.ts
similarity index 100%
rename from old.ts
rename to new.ts
diff --git a/logo.png b/logo.png
new file mode 100644
index 0000000..1111111
Binary files /dev/null and b/logo.png differ
diff --git a/gone.ts b/gone.ts
deleted file mode 100644
index 2222222..0000000
--- a/gone.ts
+++ /dev/null
@@ -1 +0,0 @@
-bye
`;

describe("a patch as files", () => {
  const files = readPatch(patch);

  it("numbers the lines of both sides and counts what changed", () => {
    const [first] = files;
    expect(first).toMatchObject({ path: "src/a b.ts", additions: 2, deletions: 1, notes: [] });
    expect(first?.hunks[0]?.lines.map((line) => [line.kind, line.before, line.after])).toEqual([
      ["same", 10, 10],
      ["removed", 11, null],
      ["added", null, 11],
      ["added", null, 12],
      ["same", 12, 13],
    ]);
  });

  it("says what the lines do not: renamed, new and binary, deleted", () => {
    expect(files.slice(1).map((file) => [file.path, file.notes])).toEqual([
      ["new.ts", ["renamed from old.ts"]],
      ["logo.png", ["new file", "binary"]],
      ["gone.ts", ["deleted"]],
    ]);
  });
});
