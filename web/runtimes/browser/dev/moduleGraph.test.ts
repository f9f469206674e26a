import { expect, test } from "vitest";
import { ModuleGraph } from "./moduleGraph.ts";

/** main imports app and util; app accepts itself and imports util. */
function graph(): ModuleGraph {
  const modules = new ModuleGraph();
  modules.setImports("/main", new Set(["/app", "/style.css"]));
  modules.setImports("/app", new Set(["/util", "/app.css"]));
  modules.node("/app").accepts = "self";
  modules.node("/app.css").accepts = "self";
  return modules;
}

test("a module that accepts itself is its own boundary", () => {
  expect(graph().boundariesOf(["/app"], 1)).toEqual([{ path: "/app", acceptedPath: "/app" }]);
});

test("a change goes up to the nearest module that accepts it, and marks what has to be asked for anew", () => {
  const modules = graph();
  expect(modules.boundariesOf(["/util"], 7)).toEqual([{ path: "/app", acceptedPath: "/app" }]);
  expect(modules.get("/util")?.version).toBe(7);
  expect(modules.get("/app")?.version).toBe(7);
  expect(modules.get("/main")?.version).toBe(0);
});

test("where one way up has no boundary only a reload helps", () => {
  const modules = graph();
  modules.setImports("/main", new Set(["/app", "/util"]));
  expect(modules.boundariesOf(["/util"], 1)).toBeNull();
  expect(modules.boundariesOf(["/main"], 1)).toBeNull();
});

test("a module that accepts a dependency gets that dependency, and cycles end", () => {
  const modules = graph();
  modules.node("/main").accepts = ["/style.css"];
  expect(modules.boundariesOf(["/style.css"], 1)).toEqual([{ path: "/main", acceptedPath: "/style.css" }]);
  modules.setImports("/util", new Set(["/loop"]));
  modules.setImports("/loop", new Set(["/util"]));
  expect(modules.boundariesOf(["/loop"], 1)).toEqual([{ path: "/app", acceptedPath: "/app" }]);
});

test("an import that was taken out no longer leads up", () => {
  const modules = graph();
  modules.setImports("/app", new Set(["/app.css"]));
  expect(modules.get("/util")?.importers.size).toBe(0);
});

test("what nobody imports any more is told once, with what only it imported, and is new when it is imported again", () => {
  const modules = graph();
  modules.setImports("/app", new Set(["/util", "/app.css"]));
  expect(modules.takeOrphans(4)).toEqual([]);
  modules.setImports("/main", new Set(["/style.css"]));
  expect(modules.takeOrphans(5)).toEqual(["/app", "/util", "/app.css"]);
  expect(modules.takeOrphans(6)).toEqual([]);
  expect(["/app", "/app.css", "/style.css"].map((id) => modules.get(id)?.version)).toEqual([5, 5, 0]);
});

test("a module that moves from one importer to another is no orphan", () => {
  const modules = graph();
  modules.setImports("/app", new Set(["/app.css"]));
  modules.setImports("/main", new Set(["/app", "/style.css", "/util"]));
  expect(modules.takeOrphans(5)).toEqual([]);
});

test("an update of several modules has each boundary once, and needs a reload when one of them does", () => {
  const modules = graph();
  expect(modules.boundariesOf(["/util", "/app", "/app.css"], 3)).toEqual([
    { path: "/app", acceptedPath: "/app" },
    { path: "/app.css", acceptedPath: "/app.css" },
  ]);
  expect(modules.boundariesOf(["/app", "/main"], 4)).toBeNull();
});
