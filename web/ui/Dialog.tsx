import { Dialog as Kobalte } from "@kobalte/core/dialog";
import X from "lucide-solid/icons/x";
import { Show, type JSX } from "solid-js";

export interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: string | undefined;
  /** Buttons at the bottom right. */
  footer?: JSX.Element;
  children?: JSX.Element;
  wide?: boolean | undefined;
}

export const closeButtonClass =
  "inline-flex size-8 shrink-0 items-center justify-center rounded-control text-muted hover:bg-hover hover:text-text pointer-coarse:size-11";

/** A question or a form over the page. Escape and a press outside close it. */
export function Dialog(props: DialogProps) {
  return (
    <Kobalte open={props.open} onOpenChange={props.onOpenChange}>
      <Kobalte.Portal>
        <Kobalte.Overlay class="fixed inset-0 z-40 bg-scrim" />
        <div class="fixed inset-0 z-40 flex items-start justify-center overflow-y-auto p-4 pt-[12vh]">
          <Kobalte.Content
            class={`w-full animate-enter rounded-panel border border-line bg-raised shadow-float ${props.wide ? "max-w-2xl" : "max-w-md"}`}
          >
            <header class="flex items-start justify-between gap-4 p-4 pb-0">
              <div class="flex min-w-0 flex-col gap-1">
                <Kobalte.Title class="text-base font-semibold">{props.title}</Kobalte.Title>
                <Show when={props.description}>
                  <Kobalte.Description class="text-muted">{props.description}</Kobalte.Description>
                </Show>
              </div>
              <Kobalte.CloseButton class={closeButtonClass} aria-label="Close">
                <X class="size-4" aria-hidden="true" />
              </Kobalte.CloseButton>
            </header>
            <div class="p-4">{props.children}</div>
            <Show when={props.footer}>
              <footer class="flex flex-wrap justify-end gap-2 border-t border-line p-3">
                {props.footer}
              </footer>
            </Show>
          </Kobalte.Content>
        </div>
      </Kobalte.Portal>
    </Kobalte>
  );
}
