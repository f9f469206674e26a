import { expect, test } from "vitest";
import { quoteArguments, splitList } from "./splitList.ts";

const texts = (line: string): string[] => splitList(line).map(({ after, text }) => `${after} ${text}`);

test("lists are split at their top level", () => {
  expect(texts("tsc -b && vite build")).toEqual(["; tsc -b", "&& vite build"]);
  expect(texts("a; b || c")).toEqual(["; a", "; b", "|| c"]);
  expect(texts("echo 'a && b' && echo \"c;d\"")).toEqual(["; echo 'a && b'", '&& echo "c;d"']);
  expect(texts("echo a\\;b; ls # x; y")).toEqual(["; echo a\\;b", "; ls # x; y"]);
});

test.each([
  "for f in *; do echo $f; done",
  "if true; then echo a; fi",
  "(cd src; ls)",
  "{ a; b; }",
  "f() { a; }; f",
  "cat <<EOF\na; b\nEOF",
  "a &",
  "echo $(a; b); c",
  "echo 'open; quote",
  "case x in a) b;; esac",
])("%j stays whole", (line) => {
  expect(splitList(line)).toEqual([{ text: line, after: ";", isRedirected: true }]);
});

test("a part knows whether its output goes to the terminal", () => {
  const redirected = (line: string): boolean[] => splitList(line).map(({ isRedirected }) => isRedirected);
  expect(redirected("npm test && npm run a | cat; b > c; d 2>&1")).toEqual([false, true, true, true]);
  expect(redirected("echo ${HOME} 'a > b' \"c | d\"")).toEqual([false]);
});

test("quoted arguments are one word each", () => {
  expect(quoteArguments(["npm", "run", "a b", "it's", "$x", "--y=1"])).toBe(
    `npm run 'a b' 'it'\\''s' '$x' --y=1`,
  );
});
