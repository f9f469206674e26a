/** A project to begin from. Its files are the folder `starters/<id>`, fetched when it is chosen. */
export interface Starter {
  id: string;
  name: string;
  /** What it is, in a few words. */
  title: string;
  /** Words of a wish that it fits. */
  words: readonly string[];
}

export const starters: readonly Starter[] = [
  {
    id: "solid",
    name: "Solid",
    title: "Habit tracker",
    words: ["solid", "habit", "track", "streak", "week", "daily"],
  },
  {
    id: "react",
    name: "React",
    title: "Bill splitter",
    words: ["react", "bill", "split", "money", "calculator", "price", "form"],
  },
  { id: "vue", name: "Vue", title: "Reading list", words: ["vue", "list", "book", "todo", "task", "note"] },
  {
    id: "svelte",
    name: "Svelte",
    title: "Palette",
    words: ["svelte", "colour", "color", "palette", "design", "theme"],
  },
  {
    id: "vanilla",
    name: "TypeScript",
    title: "Focus timer",
    words: ["timer", "clock", "pomodoro", "vanilla", "typescript", "game"],
  },
  {
    id: "static",
    name: "HTML",
    title: "Corner bakery",
    words: ["page", "landing", "website", "site", "html", "static", "shop", "portfolio", "blog"],
  },
];

const sources = import.meta.glob<string>("./starters/**/*", {
  query: "?raw",
  import: "default",
  exhaustive: true,
});

/** The starter's files by path relative to the project. */
export async function loadStarter(id: string): Promise<{ path: string; content: string }[]> {
  const folder = `./starters/${id}/`;
  const wanted = Object.entries(sources).filter(([path]) => path.startsWith(folder));
  if (wanted.length === 0) throw new Error(`There is no starter ${id}`);
  return Promise.all(
    wanted.map(async ([path, load]) => ({ path: path.slice(folder.length), content: await load() })),
  );
}

/** The starter whose words a wish holds most of; the first one when it holds none. */
export function closestStarter(wish: string): Starter {
  const words = wish.toLowerCase().split(/[^\p{L}]+/u);
  const score = (starter: Starter): number =>
    starter.words.filter((word) =>
      words.some((each) => each === word || each === `${word}s` || each === `${word}er`),
    ).length;
  const [first, ...others] = starters;
  if (first === undefined) throw new Error("There are no starters");
  return others.reduce((best, starter) => (score(starter) > score(best) ? starter : best), first);
}
