/** A number with its word: "1 file", "2,000 files". For words that take an s. */
export function counted(count: number, word: string): string {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}
