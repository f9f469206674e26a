import { createEffect, For, Show, type JSX } from "solid-js";

export interface Crumb {
  label: string;
  href?: string | undefined;
}

export interface PageProps {
  /** Where this is; the last one is this page. */
  crumbs: readonly Crumb[];
  /** Title of the document; default: the breadcrumb, last first. */
  title?: string | undefined;
  /** Beside the breadcrumb: branch, status. */
  beside?: JSX.Element;
  /** Secondary controls at the right. */
  tools?: JSX.Element;
  /** The page's one primary button. */
  primary?: JSX.Element;
  /** The content takes the whole room and scrolls by itself (Studio, run page). */
  fill?: boolean | undefined;
  children: JSX.Element;
}

/** A page: the top bar with breadcrumb, tools and at most one primary button, and the content below. */
export function Page(props: PageProps) {
  createEffect(() => {
    const labels = props.crumbs.map((crumb) => crumb.label).reverse();
    document.title = [...(props.title === undefined ? labels : [props.title]), "Coder"].join(" · ");
  });
  return (
    <div class="flex h-full min-w-0 flex-1 flex-col">
      <header class="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-surface px-3">
        <nav aria-label="Breadcrumb" class="min-w-0">
          <ol class="flex min-w-0 items-center gap-1 text-sm">
            <For each={props.crumbs}>
              {(crumb, index) => (
                <li
                  class={`flex min-w-0 items-center gap-1 ${index() < props.crumbs.length - 2 ? "max-sm:hidden" : ""}`}
                >
                  <Show when={index() > 0}>
                    <span
                      aria-hidden="true"
                      class={`text-muted ${index() === props.crumbs.length - 1 ? "" : "max-sm:hidden"}`}
                    >
                      /
                    </span>
                  </Show>
                  <Show
                    when={crumb.href && index() < props.crumbs.length - 1 ? crumb.href : undefined}
                    fallback={
                      <h1
                        class="truncate px-1 text-sm leading-6 font-medium"
                        aria-current={index() === props.crumbs.length - 1 ? "page" : undefined}
                      >
                        {crumb.label}
                      </h1>
                    }
                  >
                    <a
                      href={crumb.href}
                      class="truncate rounded-control px-1 leading-6 text-muted hover:text-text"
                    >
                      {crumb.label}
                    </a>
                  </Show>
                </li>
              )}
            </For>
          </ol>
        </nav>
        <div class="flex min-w-0 shrink-0 items-center gap-2">{props.beside}</div>
        <div class="ml-auto flex shrink-0 items-center gap-2">
          {props.tools}
          {props.primary}
        </div>
      </header>
      <main
        id="content"
        tabIndex={-1}
        class={`min-h-0 min-w-0 flex-1 outline-none ${props.fill ? "flex flex-col overflow-hidden" : "overflow-y-auto"}`}
      >
        {props.children}
      </main>
    </div>
  );
}

/** The column that text and lists of a page stand in. */
export function Column(props: { wide?: boolean | undefined; children: JSX.Element }) {
  return (
    <div class={`mx-auto flex w-full flex-col gap-6 p-4 md:p-6 ${props.wide ? "max-w-6xl" : "max-w-3xl"}`}>
      {props.children}
    </div>
  );
}
