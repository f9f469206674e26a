import X from "lucide-solid/icons/x";
import type { ParentProps } from "solid-js";
import { IconButton } from "../ui/IconButton.tsx";

/** The heading of what is being edited, with what can be done to the whole of it. */
export function FormHead(props: ParentProps<{ title: string; kind: string; onClose: () => void }>) {
  return (
    <header class="flex items-center gap-1">
      <h2 class="min-w-0 flex-1 truncate text-base" title={props.title}>
        {props.title} <span class="text-sm font-normal text-muted">{props.kind}</span>
      </h2>
      {props.children}
      <IconButton
        label="Close the form"
        keys="Escape"
        icon={<X aria-hidden="true" />}
        onClick={() => props.onClose()}
      />
    </header>
  );
}
