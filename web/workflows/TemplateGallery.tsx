import { For, Show, type JSX } from "solid-js";
import { missingFor, type WorkflowTemplate } from "../../shared/templates/renderTemplate.ts";
import { templates } from "../../shared/templates/templates.ts";
import { freeName, type ProjectStart } from "./projectStart.ts";

/** What a workflow can start from: blank, the templates that fit the project, and why the others do not. */
export function TemplateGallery(props: { start: ProjectStart; branch: string }) {
  const listed = () =>
    templates.map((template) => ({ template, missing: missingFor(template, props.start.stack) }));
  const fitting = () => listed().filter(({ missing }) => missing.length === 0);
  const others = () => listed().filter(({ missing }) => missing.length > 0);
  const fileOf = (id: string) => freeName(id, props.start.taken);
  return (
    <>
      <List label="Blank">
        <Choice
          id="blank"
          title="Blank workflow"
          text="One step that runs the tests, to change as you like."
          file={fileOf("workflow")}
        />
      </List>
      <section class="flex flex-col gap-3" aria-labelledby="fitting">
        <header class="flex flex-col gap-1">
          <h2 id="fitting" class="text-base">
            Templates
          </h2>
          <p class="text-muted">
            {props.start.told
              ? `With the commands of ${props.start.stack.name}, read from the files on ${props.branch}.`
              : `The files on ${props.branch} do not tell what the project is made with, so the commands are those of ${props.start.stack.name}.`}{" "}
            Nothing is committed until you save.
          </p>
        </header>
        <List label="Templates that fit">
          <For each={fitting()}>
            {({ template }) => (
              <Choice
                id={template.id}
                title={template.title}
                text={template.description}
                file={fileOf(template.id)}
                agent={template.agent}
              />
            )}
          </For>
        </List>
      </section>
      <Show when={others().length > 0}>
        <section class="flex flex-col gap-3" aria-labelledby="others">
          <h2 id="others" class="text-base">
            Not for this project
          </h2>
          <List label="Templates that do not fit">
            <For each={others()}>
              {({ template, missing }) => <Unfit template={template} missing={missing} />}
            </For>
          </List>
        </section>
      </Show>
    </>
  );
}

function List(props: { label: string; children: JSX.Element }) {
  return (
    <ul
      aria-label={props.label}
      class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
    >
      {props.children}
    </ul>
  );
}

interface ChoiceProps {
  id: string;
  title: string;
  text: string;
  /** The name that its file would get. */
  file: string;
  agent?: boolean;
}

/** A link over the whole row: it opens the editor, in this tab or another. */
function Choice(props: ChoiceProps) {
  return (
    <li class="relative flex flex-col gap-x-4 gap-y-1 px-3 py-3 focus-within:bg-hover hover:bg-hover sm:flex-row sm:items-baseline">
      <div class="min-w-0 flex-1">
        <a
          href={`?template=${props.id}`}
          class="leading-6 font-medium after:absolute after:inset-0 after:content-['']"
        >
          {props.title}
        </a>
        <p class="text-muted">{props.text}</p>
      </div>
      <div class="flex shrink-0 items-center gap-2">
        <Show when={props.agent}>
          <span class="rounded-full border border-line px-2 text-xs leading-5 text-muted">needs a model</span>
        </Show>
        <code class="text-xs text-muted">{props.file}</code>
      </div>
    </li>
  );
}

function Unfit(props: { template: WorkflowTemplate; missing: readonly string[] }) {
  return (
    <li class="flex flex-col px-3 py-3 text-muted">
      <span class="leading-6 font-medium">{props.template.title}</span>
      <span>The project has {props.missing.join(", ")}.</span>
    </li>
  );
}
