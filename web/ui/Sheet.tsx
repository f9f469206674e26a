import { Dialog as Kobalte } from "@kobalte/core/dialog";
import X from "lucide-solid/icons/x";
import { Show, type JSX } from "solid-js";
import { closeButtonClass } from "./Dialog.tsx";

export interface SheetProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: string | undefined;
  footer?: JSX.Element;
  children?: JSX.Element;
}

/** A panel from the right edge over the page; the whole screen on a phone. */
export function Sheet(props: SheetProps) {
  return (
    <Kobalte open={props.open} onOpenChange={props.onOpenChange}>
      <Kobalte.Portal>
        <Kobalte.Overlay class="fixed inset-0 z-40 bg-scrim" />
        <Kobalte.Content class="fixed inset-y-0 right-0 z-40 flex w-full max-w-2xl animate-enter-right flex-col border-l border-line bg-surface shadow-float">
          <header class="flex items-start justify-between gap-4 border-b border-line p-4">
            <div class="flex min-w-0 flex-col gap-1">
              <Kobalte.Title class="text-lg font-semibold">{props.title}</Kobalte.Title>
              <Show when={props.description}>
                <Kobalte.Description class="text-muted">{props.description}</Kobalte.Description>
              </Show>
            </div>
            <Kobalte.CloseButton class={closeButtonClass} aria-label="Close">
              <X class="size-4" aria-hidden="true" />
            </Kobalte.CloseButton>
          </header>
          <div class="min-h-0 flex-1 overflow-y-auto p-4" tabIndex={0} role="region" aria-label={props.title}>
            {props.children}
          </div>
          <Show when={props.footer}>
            <footer class="flex flex-wrap items-center justify-end gap-2 border-t border-line p-3">
              {props.footer}
            </footer>
          </Show>
        </Kobalte.Content>
      </Kobalte.Portal>
    </Kobalte>
  );
}
