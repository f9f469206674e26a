import { Show, splitProps, type JSX } from "solid-js";
import { Spinner } from "./Spinner.tsx";

export type ButtonVariant = "primary" | "secondary" | "ghost" | "danger";

export interface ButtonProps extends Omit<
  JSX.ButtonHTMLAttributes<HTMLButtonElement>,
  "class" | "classList"
> {
  /** At most one `primary` on a page. */
  variant?: ButtonVariant | undefined;
  /** An icon before the label, 16 px. */
  icon?: JSX.Element;
  /** Shows a spinner and takes no second press. */
  pending?: boolean | undefined;
  class?: string | undefined;
}

const base =
  "hit inline-flex shrink-0 items-center justify-center gap-2 rounded-control px-3 text-sm font-medium " +
  "whitespace-nowrap transition-colors select-none disabled:opacity-55 [&>svg]:size-4 [&>svg]:shrink-0";

const variants: Record<ButtonVariant, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover",
  secondary: "border border-line-strong bg-surface text-text hover:bg-hover active:bg-pressed",
  ghost: "text-text hover:bg-hover active:bg-pressed",
  danger: "bg-danger text-on-danger hover:brightness-110",
};

/** The classes of a button, for things that look like one: links, menu triggers. */
export function buttonClass(variant: ButtonVariant = "secondary", extra = ""): string {
  return `${base} ${variants[variant]} ${extra}`;
}

export function Button(props: ButtonProps) {
  const [own, rest] = splitProps(props, ["variant", "icon", "pending", "class", "children", "disabled"]);
  return (
    <button
      type="button"
      {...rest}
      class={buttonClass(own.variant, own.class)}
      disabled={own.disabled || own.pending}
      aria-busy={own.pending ? "true" : undefined}
    >
      <Show when={own.pending} fallback={own.icon}>
        <Spinner />
      </Show>
      {own.children}
    </button>
  );
}

export interface LinkButtonProps extends Omit<
  JSX.AnchorHTMLAttributes<HTMLAnchorElement>,
  "class" | "classList"
> {
  variant?: ButtonVariant | undefined;
  icon?: JSX.Element;
  class?: string | undefined;
}

/** A link that looks like a button: it goes somewhere instead of doing something. */
export function LinkButton(props: LinkButtonProps) {
  const [own, rest] = splitProps(props, ["variant", "icon", "class", "children"]);
  return (
    <a {...rest} class={buttonClass(own.variant, own.class)}>
      {own.icon}
      {own.children}
    </a>
  );
}
