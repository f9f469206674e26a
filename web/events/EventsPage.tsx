import { useParams, useSearchParams } from "@solidjs/router";
import { createInfiniteQuery, useQueryClient } from "@tanstack/solid-query";
import CircleHelp from "lucide-solid/icons/circle-help";
import Zap from "lucide-solid/icons/zap";
import { createSignal, For, Match, onCleanup, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { createProject, createRunsListener, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button, LinkButton } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { DeliveryRow } from "./DeliveryRow.tsx";
import { DeliverySheet } from "./DeliverySheet.tsx";
import { ExplainSheet } from "./ExplainSheet.tsx";
import { deliverySources, sourceWords, type DeliverySource } from "./sourceWords.ts";
import { Waiting } from "./Waiting.tsx";

/** `/:org/:project/events?source=…&delivery=…`: what came in, what it started, and what workflows wait for. */
export function EventsPage() {
  const params = useParams();
  const project = createProject();
  const base = () => `/${params["org"]}/${params["project"]}`;
  const [explaining, setExplaining] = createSignal<{ deliveryId?: string }>();
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: "/" },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Events" },
        ]}
        primary={
          <Show when={project.data}>
            <Button
              variant="primary"
              icon={<CircleHelp aria-hidden="true" />}
              onClick={() => setExplaining({})}
            >
              Explain an event
            </Button>
          </Show>
        }
      >
        <Column wide>
          <Switch>
            <Match when={project.error}>
              {(error) => (
                <ErrorState
                  title="The project could not be loaded"
                  error={error()}
                  retry={() => void project.refetch()}
                />
              )}
            </Match>
            <Match when={project.data?.id} keyed>
              {(_id) => (
                <Show when={project.data}>
                  {(loaded) => (
                    <>
                      <Deliveries
                        project={loaded()}
                        base={base()}
                        onExplain={(deliveryId) => setExplaining({ deliveryId })}
                      />
                      <Waiting projectId={loaded().id} base={base()} />
                      <Show when={explaining()} keyed>
                        {(begin) => (
                          <ExplainSheet
                            project={loaded()}
                            base={base()}
                            deliveryId={begin.deliveryId}
                            onClose={() => setExplaining(undefined)}
                          />
                        )}
                      </Show>
                    </>
                  )}
                </Show>
              )}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

interface DeliveriesProps {
  project: Project;
  base: string;
  onExplain: (deliveryId: string) => void;
}

function Deliveries(props: DeliveriesProps) {
  const api = useApi();
  const queries = useQueryClient();
  const [search, setSearch] = useSearchParams<{ source?: string; result?: string; delivery?: string }>();
  const source = (): DeliverySource | undefined => deliverySources.find((each) => each === search.source);
  const result = () => (["fired", "failed"] as const).find((each) => each === search.result);
  const deliveries = createInfiniteQuery(() => ({
    queryKey: ["deliveries", props.project.id, source() ?? "", result() ?? ""],
    queryFn: ({ pageParam }: { pageParam: string | null }) =>
      api.triggers.deliveries.query({
        projectId: props.project.id,
        cursor: pageParam,
        source: source(),
        result: result(),
      }),
    initialPageParam: null,
    getNextPageParam: (page: { nextCursor: string | null }) => page.nextCursor,
  }));
  // A burst is one question, not one each.
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const again = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void queries.invalidateQueries({ queryKey: ["deliveries", props.project.id] });
      void queries.invalidateQueries({ queryKey: ["delivery", search.delivery] });
    }, 300);
  };
  createRunsListener(() => `project:${props.project.id}`, again);
  const items = () => deliveries.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = () => source() !== undefined || result() !== undefined;
  const clear = () => setSearch({ source: null, result: null });
  return (
    <>
      <div class="flex flex-wrap items-center gap-2">
        <Select
          label="Source"
          hideLabel
          value={source() ?? "all"}
          onChange={(value) => setSearch({ source: value === "all" ? null : value })}
          options={[
            { value: "all", label: "Any source" },
            ...deliverySources.map((each) => ({ value: each as string, label: sourceWords[each] })),
          ]}
        />
        <Select
          label="Result"
          hideLabel
          value={result() ?? "all"}
          onChange={(value) => setSearch({ result: value === "all" ? null : value })}
          options={[
            { value: "all", label: "Any result" },
            { value: "fired", label: "Started a run" },
            { value: "failed", label: "Failed" },
          ]}
        />
        <Show when={isFiltered()}>
          <Button variant="ghost" onClick={clear}>
            Clear filters
          </Button>
        </Show>
      </div>
      <Switch>
        <Match when={deliveries.error && items().length === 0 ? deliveries.error : undefined}>
          {(error) => (
            <ErrorState
              title="The events could not be loaded"
              error={error()}
              retry={() => void deliveries.refetch()}
            />
          )}
        </Match>
        <Match when={deliveries.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading events
          </p>
        </Match>
        <Match when={items().length === 0 && isFiltered()}>
          <EmptyState
            title="No event matches these filters"
            action={<Button onClick={clear}>Clear filters</Button>}
          />
        </Match>
        <Match when={items().length === 0}>
          <EmptyState
            icon={<Zap />}
            title="No events yet"
            text="Pushes, changes, webhooks, due times and ended runs appear here, each with the runs that it started and why other workflows did not start."
            action={<LinkButton href={`${props.base}/workflows`}>Workflows</LinkButton>}
          />
        </Match>
        <Match when={items().length > 0}>
          <ul
            aria-label="Events"
            class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
          >
            <For each={items()}>
              {(delivery) => (
                <DeliveryRow delivery={delivery} onOpen={() => setSearch({ delivery: delivery.id })} />
              )}
            </For>
          </ul>
          <Show when={deliveries.hasNextPage}>
            <Button
              class="self-center"
              pending={deliveries.isFetchingNextPage}
              onClick={() => void deliveries.fetchNextPage()}
            >
              Show older events
            </Button>
          </Show>
        </Match>
      </Switch>
      <Show when={search.delivery} keyed>
        {(deliveryId) => (
          <DeliverySheet
            deliveryId={deliveryId}
            base={props.base}
            maySend={mayWrite(props.project.role)}
            onShow={(other) => setSearch({ delivery: other })}
            onExplain={(past) => {
              setSearch({ delivery: null });
              props.onExplain(past);
            }}
            onClose={() => setSearch({ delivery: null })}
          />
        )}
      </Show>
    </>
  );
}
