import Check from "lucide-solid/icons/check";
import Copy from "lucide-solid/icons/copy";
import { createSignal, onCleanup, Show } from "solid-js";
import { IconButton } from "./IconButton.tsx";
import { useToasts } from "./Toast.tsx";

/** Copies `text`, given as a function so that it is made only when asked for. */
export function CopyButton(props: { text: () => string | Promise<string>; label?: string | undefined }) {
  const toasts = useToasts();
  const [copied, setCopied] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(await props.text());
      setCopied(true);
      timer = setTimeout(() => setCopied(false), 1600);
    } catch (error) {
      toasts.fail("Nothing was copied", error);
    }
  };
  return (
    <IconButton
      label={copied() ? "Copied" : (props.label ?? "Copy")}
      onClick={() => void copy()}
      icon={
        <Show when={copied()} fallback={<Copy aria-hidden="true" />}>
          <Check class="text-succeeded" aria-hidden="true" />
        </Show>
      }
    />
  );
}

/** A command or address to copy: the text as it is, and the button. */
export function CopyField(props: { label: string; text: string }) {
  return (
    <div class="flex items-center gap-2 rounded-control border border-line bg-sunken py-1 pr-1 pl-3">
      <code
        class="min-w-0 flex-1 overflow-x-auto text-xs whitespace-nowrap"
        aria-label={props.label}
        role="group"
        tabIndex={0}
      >
        {props.text}
      </code>
      <CopyButton text={() => props.text} label={`Copy ${props.label}`} />
    </div>
  );
}
