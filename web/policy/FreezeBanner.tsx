import Snowflake from "lucide-solid/icons/snowflake";
import { For } from "solid-js";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { createFreezes, type Freeze } from "./freezes.ts";

/** Above every page of what is frozen: what, by whom, since when and why. */
export function FreezeBanner(props: { org?: string | undefined; project?: string | undefined }) {
  const freezes = createFreezes();
  const here = () =>
    (freezes.data ?? []).filter(
      (freeze) =>
        freeze.orgSlug === props.org && (freeze.projectSlug === null || freeze.projectSlug === props.project),
    );
  const settingsOf = (freeze: Freeze) =>
    freeze.projectSlug === null
      ? `/${freeze.orgSlug}/settings`
      : `/${freeze.orgSlug}/${freeze.projectSlug}/settings`;
  return (
    <For each={here()}>
      {(freeze) => (
        <aside
          class="flex shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line bg-waiting-soft px-3 py-2"
          aria-label="Frozen"
        >
          <Snowflake class="size-4 shrink-0 text-waiting" aria-hidden="true" />
          <p class="min-w-0 break-words">
            <strong class="font-medium">
              {freeze.projectSlug === null ? "This organisation is frozen" : "This project is frozen"}
            </strong>{" "}
            by {freeze.by ?? "somebody who has left"}, <RelativeTime at={freeze.at} />: {freeze.reason}
          </p>
          <a class="link ml-auto shrink-0" href={`${settingsOf(freeze)}#freeze`}>
            What this means
          </a>
        </aside>
      )}
    </For>
  );
}
