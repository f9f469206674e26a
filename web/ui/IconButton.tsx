import { splitProps, type JSX } from "solid-js";
import { Tooltip } from "./Tooltip.tsx";

export interface IconButtonProps extends Omit<
  JSX.ButtonHTMLAttributes<HTMLButtonElement>,
  "class" | "classList"
> {
  /** The accessible name, shown as tooltip. */
  label: string;
  icon: JSX.Element;
  keys?: string | undefined;
  placement?: "top" | "right" | "bottom" | "left" | undefined;
  /** For toggles. */
  pressed?: boolean | undefined;
  class?: string | undefined;
}

/** A square button with an icon only. */
export function IconButton(props: IconButtonProps) {
  const [own, rest] = splitProps(props, ["label", "icon", "keys", "placement", "pressed", "class"]);
  return (
    <Tooltip label={own.label} keys={own.keys} placement={own.placement}>
      <button
        type="button"
        {...rest}
        aria-label={own.label}
        aria-pressed={own.pressed}
        class={
          "inline-flex size-8 shrink-0 items-center justify-center rounded-control text-muted transition-colors " +
          "hover:bg-hover hover:text-text active:bg-pressed disabled:opacity-50 pointer-coarse:size-11 " +
          "aria-pressed:bg-hover aria-pressed:text-text [&_svg]:size-4 " +
          (own.class ?? "")
        }
      >
        {own.icon}
      </button>
    </Tooltip>
  );
}
