import { createContext, onCleanup, useContext, type ParentProps } from "solid-js";
import { isMac, makeCommands, type Command, type Commands } from "./commandKeys.ts";

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable || target.matches("input, textarea, select, .cm-content, .xterm-helper-textarea")
  );
}

const CommandsContext = createContext<Commands>();

export function CommandsProvider(props: ParentProps) {
  const commands = makeCommands({ mac: isMac() });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    if (commands.handle(event, isTyping(event.target))) event.preventDefault();
  };
  document.addEventListener("keydown", onKeyDown);
  onCleanup(() => document.removeEventListener("keydown", onKeyDown));
  return <CommandsContext.Provider value={commands}>{props.children}</CommandsContext.Provider>;
}

export function useCommands(): Commands {
  const commands = useContext(CommandsContext);
  if (commands === undefined) throw new Error("useCommands outside of CommandsProvider");
  return commands;
}

/** Registers commands for as long as the component that calls it is on the page. */
export function createCommands(commands: readonly Command[]): void {
  onCleanup(useCommands().add(commands));
}
