import { describe, expect, it } from "vitest";
import { keyLabels, keyOf, keySequence, makeCommands } from "./commandKeys.ts";

const press = (key: string, modifiers: Partial<KeyboardEvent> = {}) =>
  ({ key, metaKey: false, ctrlKey: false, altKey: false, shiftKey: false, ...modifiers }) as KeyboardEvent;

describe("keys", () => {
  it("names a press the same way as the combination written down", () => {
    expect(keyOf(press("k", { ctrlKey: true }), false)).toBe(keySequence("Mod+K")[0]);
    expect(keyOf(press("K", { metaKey: true, shiftKey: true }), true)).toBe(keySequence("Mod+Shift+K")[0]);
    expect(keyOf(press("?", { shiftKey: true }), false)).toBe(keySequence("?")[0]);
    expect(keyOf(press("k", { ctrlKey: true }), true)).not.toBe(keySequence("Mod+K")[0]);
  });

  it("labels key caps for the machine", () => {
    expect(keyLabels("Mod+Shift+K", false)).toEqual(["Ctrl", "Shift", "K"]);
    expect(keyLabels("Mod+K", true)).toEqual(["⌘", "K"]);
  });
});

describe("commands", () => {
  const setUp = () => {
    const ran: string[] = [];
    let time = 0;
    const commands = makeCommands({ mac: false, now: () => time });
    const command = (id: string, keys: string) => ({
      id,
      title: id,
      section: "Test",
      keys,
      run: () => ran.push(id),
    });
    return { ran, commands, command, wait: (ms: number) => (time += ms) };
  };

  it("runs by a single key and by two in a row, and forgets the first after a pause", () => {
    const { ran, commands, command, wait } = setUp();
    commands.add([command("home", "g h"), command("help", "?")]);
    commands.handle(press("?", { shiftKey: true }), false);
    commands.handle(press("g"), false);
    commands.handle(press("h"), false);
    commands.handle(press("g"), false);
    wait(2000);
    commands.handle(press("h"), false);
    expect(ran).toEqual(["help", "home"]);
  });

  it("leaves plain keys to a text field but takes Mod keys", () => {
    const { ran, commands, command } = setUp();
    commands.add([command("find", "/"), command("palette", "Mod+K")]);
    expect(commands.handle(press("/"), true)).toBe(false);
    expect(commands.handle(press("k", { ctrlKey: true }), true)).toBe(true);
    expect(ran).toEqual(["palette"]);
  });
});
