/** Something is running. Decorative: the words beside it say what. */
export function Spinner(props: { class?: string }) {
  return (
    <svg
      class={`size-4 shrink-0 animate-spin ${props.class ?? ""}`}
      viewBox="0 0 16 16"
      fill="none"
      aria-hidden="true"
    >
      <circle cx="8" cy="8" r="6" stroke="currentColor" stroke-width="2" opacity="0.25" />
      <path d="M14 8a6 6 0 0 0-6-6" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
    </svg>
  );
}
