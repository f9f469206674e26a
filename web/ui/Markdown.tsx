import { For, Match, Show, Switch } from "solid-js";
import { Dynamic } from "solid-js/web";
import { parseMarkdown, type Inline } from "./markdown.ts";

/** Text that somebody wrote, as elements: no HTML of theirs is ever parsed. Links open without telling where from. */
export function Markdown(props: { text: string }) {
  return (
    <div class="flex min-w-0 flex-col gap-3 break-words">
      <For each={parseMarkdown(props.text)}>
        {(block) => (
          <Switch>
            <Match when={block.kind === "paragraph" ? block : undefined}>
              {(paragraph) => (
                <p>
                  <Lines lines={paragraph().lines} />
                </p>
              )}
            </Match>
            <Match when={block.kind === "heading" ? block : undefined}>
              {(heading) => (
                // Somebody's headings are not the page's: in its outline they would leave out levels.
                <p class="font-semibold">
                  <Inlines inlines={heading().inlines} />
                </p>
              )}
            </Match>
            <Match when={block.kind === "list" ? block : undefined}>
              {(list) => (
                <Dynamic
                  component={list().ordered ? "ol" : "ul"}
                  class={`flex flex-col gap-1 pl-5 ${list().ordered ? "list-decimal" : "list-disc"}`}
                >
                  <For each={list().items}>
                    {(item) => (
                      <li>
                        <Inlines inlines={item} />
                      </li>
                    )}
                  </For>
                </Dynamic>
              )}
            </Match>
            <Match when={block.kind === "quote" ? block : undefined}>
              {(quote) => (
                <blockquote class="border-l-2 border-line-strong pl-3 text-muted">
                  <Lines lines={quote().lines} />
                </blockquote>
              )}
            </Match>
            <Match when={block.kind === "code" ? block : undefined}>
              {(code) => (
                <pre
                  tabIndex={0}
                  class="overflow-x-auto rounded-control border border-line bg-raised p-3 font-mono text-xs"
                >
                  {code().text}
                </pre>
              )}
            </Match>
          </Switch>
        )}
      </For>
    </div>
  );
}

function Lines(props: { lines: Inline[][] }) {
  return (
    <For each={props.lines}>
      {(line, index) => (
        <>
          <Show when={index() > 0}>
            <br />
          </Show>
          <Inlines inlines={line} />
        </>
      )}
    </For>
  );
}

function Inlines(props: { inlines: Inline[] }) {
  return (
    <For each={props.inlines}>
      {(inline) => (
        <Switch fallback={inline.text}>
          <Match when={inline.kind === "code"}>
            <code class="rounded-control bg-hover px-1 font-mono text-xs">{inline.text}</code>
          </Match>
          <Match when={inline.kind === "strong"}>
            <strong>{inline.text}</strong>
          </Match>
          <Match when={inline.kind === "emphasis"}>
            <em>{inline.text}</em>
          </Match>
          <Match when={inline.kind === "link" ? inline : undefined}>
            {(link) => (
              <a
                href={link().href}
                rel="noopener noreferrer nofollow"
                {...(link().href.startsWith("/") ? {} : { target: "_blank" })}
                class="text-accent-text underline"
              >
                {link().text}
              </a>
            )}
          </Match>
        </Switch>
      )}
    </For>
  );
}
