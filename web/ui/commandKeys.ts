import { createSignal } from "solid-js";

/** Something a user can do on the page that is open: by key, from the palette, or both. */
export interface Command {
  id: string;
  title: string;
  /** Heading in the palette and the key help, e.g. "Run". */
  section: string;
  /** `Mod+K`, `Shift+?`, `g h` (one after the other), `Escape`. `Mod` is Cmd on a Mac, else Ctrl. */
  keys?: string | undefined;
  /** Not in the palette, only a key. */
  hidden?: boolean | undefined;
  run: () => void;
}

export interface Commands {
  all: () => readonly Command[];
  /** Returns the function that takes them away again. */
  add: (commands: readonly Command[]) => () => void;
}

/** Whether this machine names its modifier Cmd. */
export function isMac(platform: string = globalThis.navigator?.platform ?? ""): boolean {
  return /mac|iphone|ipad/i.test(platform);
}

/** The labels of a combination, one per key cap. */
export function keyLabels(keys: string, mac: boolean = isMac()): string[] {
  const names: Record<string, string> = mac
    ? { Mod: "⌘", Shift: "⇧", Alt: "⌥", Enter: "↵", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓" }
    : { Mod: "Ctrl", Enter: "↵", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓" };
  return keys
    .split(/[+ ]/)
    .filter(Boolean)
    .map((key) => names[key] ?? (key.length === 1 ? key.toUpperCase() : key));
}

/** What identifies a key press: modifiers in a fixed order, then the key. Shift counts with letters and names only. */
export function keyOf(
  event: Pick<KeyboardEvent, "key" | "metaKey" | "ctrlKey" | "altKey" | "shiftKey">,
  mac: boolean,
): string {
  const mod = mac ? event.metaKey : event.ctrlKey;
  const letterOrName = event.key.length > 1 || /[a-z]/i.test(event.key);
  const parts = [
    mod ? "mod" : "",
    event.altKey ? "alt" : "",
    event.shiftKey && letterOrName ? "shift" : "",
    event.key.toLowerCase(),
  ];
  return parts.filter(Boolean).join("+");
}

/** The presses of a combination in the form of `keyOf`. */
export function keySequence(keys: string): string[] {
  return keys.split(" ").map((press) => {
    const parts = press.toLowerCase().split("+").filter(Boolean);
    const key = parts.at(-1) ?? "";
    const has = (modifier: string) => parts.slice(0, -1).includes(modifier);
    const letterOrName = key.length > 1 || /[a-z]/.test(key);
    return [
      has("mod") ? "mod" : "",
      has("alt") ? "alt" : "",
      has("shift") && letterOrName ? "shift" : "",
      key,
    ]
      .filter(Boolean)
      .join("+");
  });
}

/** A registry with its key dispatcher. `handle` is to be called with every key press of the document. */
export function makeCommands(options: { mac: boolean; now?: () => number }) {
  const [lists, setLists] = createSignal<(readonly Command[])[]>([]);
  const now = options.now ?? Date.now;
  let pressed: string[] = [];
  let lastAt = 0;

  const all = () => {
    // The innermost page registers last and wins over an outer command of the same id.
    const byId = new Map<string, Command>();
    for (const list of lists()) for (const command of list) byId.set(command.id, command);
    return [...byId.values()];
  };

  const add = (commands: readonly Command[]) => {
    setLists((before) => [...before, commands]);
    return () => {
      setLists((before) => before.filter((list) => list !== commands));
    };
  };

  /** Runs the command of this press. Returns whether there was one. `typing`: the focus is in a text field. */
  const handle = (event: KeyboardEvent, typing: boolean): boolean => {
    if (["Control", "Meta", "Shift", "Alt"].includes(event.key)) return false;
    const press = keyOf(event, options.mac);
    if (typing && !press.startsWith("mod+")) return false;
    pressed = now() - lastAt < 900 ? [...pressed, press].slice(-2) : [press];
    lastAt = now();
    const candidates = all().reverse();
    const match =
      candidates.find(
        (command) => command.keys !== undefined && sameTail(pressed, keySequence(command.keys), 2),
      ) ??
      candidates.find(
        (command) => command.keys !== undefined && sameTail(pressed, keySequence(command.keys), 1),
      );
    if (match === undefined) return false;
    pressed = [];
    match.run();
    return true;
  };

  return { all, add, handle };
}

function sameTail(pressed: string[], wanted: string[], length: number): boolean {
  if (wanted.length !== length || pressed.length < length) return false;
  return wanted.every((press, index) => press === pressed[pressed.length - length + index]);
}
