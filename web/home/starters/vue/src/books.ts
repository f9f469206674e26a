export interface Book {
  title: string;
  read: boolean;
}

/** "2 of 3 read". */
export function progress(books: readonly Book[]): string {
  return `${books.filter((book) => book.read).length} of ${books.length} read`;
}
