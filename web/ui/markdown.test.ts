import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseInline, parseMarkdown, safeHref, type Block } from "./markdown.ts";

const textOf = (blocks: readonly Block[]): string =>
  blocks
    .flatMap((block) => {
      if (block.kind === "code") return [block.text];
      if (block.kind === "heading") return block.inlines.map((inline) => inline.text);
      return (block.kind === "list" ? block.items : block.lines).flat().map((inline) => inline.text);
    })
    .join("");

describe("markdown", () => {
  test("headings, lists, quotes, code and paragraphs", () => {
    const blocks = parseMarkdown(
      "# Title\nOne\ntwo\n\n- a\n- `b`\n\n1. c\n> said\n```js\n<b>*x*</b>\n```\nend",
    );
    expect(blocks.map((block) => block.kind)).toEqual([
      "heading",
      "paragraph",
      "list",
      "list",
      "quote",
      "code",
      "paragraph",
    ]);
    expect(blocks[2]).toEqual({
      kind: "list",
      ordered: false,
      items: [[{ kind: "text", text: "a" }], [{ kind: "code", text: "b" }]],
    });
    expect(blocks[5]).toEqual({ kind: "code", text: "<b>*x*</b>" });
  });

  test("strong, emphasis, code and links inside a line", () => {
    expect(parseInline("a **b** *c* `d` [e](https://x.test/f) https://y.test/g.")).toEqual([
      { kind: "text", text: "a " },
      { kind: "strong", text: "b" },
      { kind: "text", text: " " },
      { kind: "emphasis", text: "c" },
      { kind: "text", text: " " },
      { kind: "code", text: "d" },
      { kind: "text", text: " " },
      { kind: "link", text: "e", href: "https://x.test/f" },
      { kind: "text", text: " " },
      { kind: "link", text: "https://y.test/g.", href: "https://y.test/g." },
    ]);
  });

  test("HTML is text, and an address that would run something is no link", () => {
    expect(parseInline("<img src=x onerror=alert(1)>")).toEqual([
      { kind: "text", text: "<img src=x onerror=alert(1)>" },
    ]);
    for (const href of [
      "javascript:alert",
      "JAVASCRIPT:alert",
      "data:text/html,x",
      "vbscript:x",
      "//evil.test",
      "/\\evil.test",
      "file:///etc",
    ]) {
      expect([href, safeHref(href)]).toEqual([href, undefined]);
      expect(parseInline(`[x](${href})`).some((inline) => inline.kind === "link")).toBe(false);
    }
    expect(safeHref("/acme/shop/issues/1")).toBe("/acme/shop/issues/1");
  });

  test("no letter is lost, and every link is safe, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            "a",
            "*",
            "`",
            "[",
            "]",
            "(",
            ")",
            "\n",
            " ",
            "-",
            "#",
            ">",
            "1.",
            "https://x",
            "javascript:",
          ),
        }),
        (text) => {
          const blocks = parseMarkdown(text);
          const letters = (of: string) => of.replaceAll(/[^a]/g, "").length;
          // The address of a link with a text of its own, and what follows a fence on its line, are not shown.
          if (!text.includes("](") && !text.includes("```"))
            expect(letters(textOf(blocks))).toBe(letters(text));
          const links = JSON.stringify(blocks).matchAll(/"href":"([^"]*)"/g);
          for (const [, href] of links) expect(safeHref(href!)).toBe(href);
        },
      ),
    );
  });

  test("hostile text takes no time", () => {
    for (const piece of ["[", "*", "`", "**a", "[a](", "> ", "https://", "\n- "]) {
      const start = performance.now();
      parseMarkdown(piece.repeat(50_000 / piece.length));
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });
});
