import { createMemo, For } from "solid-js";
import type { Command } from "./commandKeys.ts";
import { useCommands } from "./commands.tsx";
import { Dialog } from "./Dialog.tsx";
import { Kbd } from "./Kbd.tsx";

/** The keys of the page that is open. */
export function KeyHelp(props: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const commands = useCommands();
  const sections = createMemo(() => {
    const bySection = new Map<string, Command[]>();
    for (const command of commands.all()) {
      if (command.keys === undefined) continue;
      bySection.set(command.section, [...(bySection.get(command.section) ?? []), command]);
    }
    return [...bySection];
  });
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title="Keys on this page">
      <div class="flex flex-col gap-6">
        <For each={sections()}>
          {([section, list]) => (
            <section class="flex flex-col gap-1">
              <h3 class="text-xs font-medium text-muted">{section}</h3>
              <dl>
                <For each={list}>
                  {(command) => (
                    <div class="flex items-center justify-between gap-4 py-1">
                      <dt>{command.title}</dt>
                      <dd>
                        <Kbd keys={command.keys ?? ""} />
                      </dd>
                    </div>
                  )}
                </For>
              </dl>
            </section>
          )}
        </For>
      </div>
    </Dialog>
  );
}
