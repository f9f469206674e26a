import { z } from "zod";

/** An edited workflow file that is in no commit yet, kept in this browser. */
const draftSchema = z.object({
  /** The text that the edits were made on. */
  base: z.string(),
  text: z.string(),
});
export type SavedDraft = z.infer<typeof draftSchema>;

export interface DraftPlace {
  projectId: string;
  path: string;
}

/** Characters; browsers keep about five million for all of a site, and writing so many is felt while typing. */
const maxKept = 2_000_000;

function keyOf({ projectId, path }: DraftPlace): string {
  return `coder.workflow-draft.${projectId}.${path}`;
}

/** Null where nothing is kept, or where the browser keeps nothing. */
export function loadDraft(place: DraftPlace, storage: Storage = localStorage): SavedDraft | null {
  try {
    const parsed = draftSchema.safeParse(JSON.parse(storage.getItem(keyOf(place)) ?? "null"));
    return parsed.success ? parsed.data : null;
  } catch {
    // Storage is blocked, or holds what is not ours.
    return null;
  }
}

/** Keeps a draft, or forgets it when nothing differs. Answers whether it could. */
export function saveDraft(place: DraftPlace, draft: SavedDraft, storage: Storage = localStorage): boolean {
  try {
    const isKept = draft.base.length + draft.text.length <= maxKept;
    if (draft.base === draft.text || !isKept) storage.removeItem(keyOf(place));
    else storage.setItem(keyOf(place), JSON.stringify(draft));
    return isKept;
  } catch {
    // Blocked or full: the edit lives in the page alone.
    return false;
  }
}
