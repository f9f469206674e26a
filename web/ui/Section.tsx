import { Show, type JSX } from "solid-js";

/** A titled panel of a settings page. */
export function Section(props: {
  title: string;
  text?: string | undefined;
  children: JSX.Element;
  danger?: boolean;
}) {
  return (
    <section
      class={`flex flex-col gap-4 rounded-panel border bg-surface p-4 ${props.danger ? "border-failed" : "border-line"}`}
    >
      <header class="flex flex-col gap-1">
        <h2 class="text-base">{props.title}</h2>
        <Show when={props.text}>
          <p class="text-muted">{props.text}</p>
        </Show>
      </header>
      {props.children}
    </section>
  );
}
