import { postgresChangesFilter } from "@supabase/supabase-js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseFilter } from "./changeFilter.ts";

test("what the client's builder writes is read back", () => {
  const value = fc.string({ unit: "grapheme", maxLength: 20 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("a", "b c"), value, fc.array(value, { minLength: 1 })), {
        minLength: 1,
        maxLength: 4,
      }),
      (parts) => {
        const builder = postgresChangesFilter();
        const expected = parts.flatMap(([column, single, list]) => {
          fc.pre(!single.includes("\0") && !list.some((item) => item.includes("\0")));
          builder.eq(column, single).not(column, "in", list);
          return [
            { column, negated: false, operator: "eq", values: [single] },
            { column, negated: true, operator: "in", values: [...new Set(list)] },
          ];
        });
        expect(parseFilter(builder.build())).toEqual(expected);
      },
    ),
  );
});

test("a comma without quotes belongs to the value where no condition follows", () => {
  expect(parseFilter("name=eq.a,b=c")[0]?.values).toEqual(["a,b=c"]);
  expect(parseFilter("name=eq.a,b=eq.c")).toHaveLength(2);
});

test.each([
  "",
  "a",
  "a=1",
  "a=evil.1",
  "=eq.1",
  "a=in.1",
  "a=in.(1",
  'a=eq."x',
  'a=eq."x"y',
  "a=is.maybe",
  "a=eq.\0",
  `a=eq.${"x".repeat(10_001)}`,
  `a=in.(${"1,".repeat(200)}1)`,
])("%j is refused", (filter) => {
  expect(() => parseFilter(filter)).toThrow(expect.objectContaining({ code: "bad_input" }));
});
