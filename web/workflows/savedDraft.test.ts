import { expect, it } from "vitest";
import { loadDraft, saveDraft } from "./savedDraft.ts";

function makeStorage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    clear: () => items.clear(),
    getItem: (key) => items.get(key) ?? null,
    key: (index) => [...items.keys()][index] ?? null,
    removeItem: (key) => void items.delete(key),
    setItem: (key, value) => void items.set(key, value),
  };
}
const place = { projectId: "p", path: ".coder/workflows/ci.yaml" };

it("a draft comes back, and is forgotten when nothing differs any more", () => {
  const storage = makeStorage();
  expect(loadDraft(place, storage)).toBeNull();
  expect(saveDraft(place, { base: "a", text: "b" }, storage)).toBe(true);
  expect(loadDraft(place, storage)).toEqual({ base: "a", text: "b" });
  expect(loadDraft({ ...place, projectId: "q" }, storage)).toBeNull();
  saveDraft(place, { base: "b", text: "b" }, storage);
  expect(storage.length).toBe(0);
});

it("a text that is too large to be kept is not, and no older one comes back in its place", () => {
  const storage = makeStorage();
  saveDraft(place, { base: "a", text: "b" }, storage);
  expect(saveDraft(place, { base: "a", text: "x".repeat(2_000_000) }, storage)).toBe(false);
  expect(loadDraft(place, storage)).toBeNull();
});

it("a storage that is blocked, full, or holds something else is no failure", () => {
  const storage = makeStorage();
  storage.setItem("coder.workflow-draft.p..coder/workflows/ci.yaml", "{ nonsense");
  expect(loadDraft(place, storage)).toBeNull();
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  expect(saveDraft(place, { base: "a", text: "b" }, storage)).toBe(false);
});
