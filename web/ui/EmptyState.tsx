import { Show, type JSX } from "solid-js";

export interface EmptyStateProps {
  icon?: JSX.Element;
  title: string;
  /** What would be here. */
  text?: string | undefined;
  /** The action that fills it. */
  action?: JSX.Element;
}

export function EmptyState(props: EmptyStateProps) {
  return (
    <div class="flex flex-col items-center gap-2 px-4 py-12 text-center">
      <Show when={props.icon}>
        <span class="mb-1 text-muted [&_svg]:size-6" aria-hidden="true">
          {props.icon}
        </span>
      </Show>
      <p class="text-base font-medium">{props.title}</p>
      <Show when={props.text}>
        <p class="max-w-md text-muted">{props.text}</p>
      </Show>
      <Show when={props.action}>
        <div class="mt-3 flex flex-wrap justify-center gap-2">{props.action}</div>
      </Show>
    </div>
  );
}
