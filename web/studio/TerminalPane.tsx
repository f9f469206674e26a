import { createEffect, createResource, onCleanup, Show } from "solid-js";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";
import type { Studio } from "./createStudio.ts";

/** A shell in the project's runtime. */
export function TerminalPane(props: { studio: Studio }) {
  const toasts = useToasts();
  const [module] = createResource(() => import("./terminal.ts"));
  const start = (parent: HTMLElement) => {
    createEffect(() => {
      const runtime = props.studio.runtime();
      const loaded = module();
      if (runtime === undefined || loaded === undefined) return;
      const terminal = loaded.makeTerminal(parent, runtime);
      terminal.ended.catch((error: unknown) => toasts.fail("The terminal stopped", error));
      onCleanup(() => terminal.dispose());
    });
  };
  return (
    <section class="relative h-full min-h-0 bg-sunken" aria-label="Terminal">
      <Show when={props.studio.runtime() === undefined || module() === undefined}>
        <p class="absolute inset-0 flex items-center justify-center gap-2 text-sm text-muted">
          <Show when={props.studio.runtimeProblem() === undefined} fallback="The runtime did not start">
            <Spinner /> The shell starts with the runtime
          </Show>
        </p>
      </Show>
      <div ref={start} class="h-full p-2" />
    </section>
  );
}
