/** What became of one part of a file that was imported or exported. */
export interface Note {
  /** `changed`: carried over, but it means something a little different. `left_out`: not carried over. */
  kind: "changed" | "left_out";
  /** The part, by its place in the file that it comes from: `jobs.test.steps[2]`. */
  at: string;
  /** What it is and what to do about it. */
  message: string;
}

/** A file in the other language, and everything that is not the same in it. */
export interface Interchange {
  /** The YAML text. */
  text: string;
  notes: Note[];
}

/** Collects notes; the same note twice is one. */
export class Notes {
  readonly list: Note[] = [];

  changed(at: string, message: string): void {
    this.#add({ kind: "changed", at, message });
  }

  leftOut(at: string, message: string): void {
    this.#add({ kind: "left_out", at, message });
  }

  #add(note: Note): void {
    const isKnown = this.list.some((one) => one.at === note.at && one.message === note.message);
    if (!isKnown) this.list.push(note);
  }
}

/** A note on one line. */
export function noteText(note: Note): string {
  return `${note.at}: ${note.kind === "left_out" ? "left out: " : ""}${note.message}`;
}
