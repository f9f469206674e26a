import { createQuery, useQueryClient } from "@tanstack/solid-query";
import Send from "lucide-solid/icons/send";
import { createSignal, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Sheet } from "../ui/Sheet.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { Fates } from "./Fates.tsx";
import { sourceWords } from "./sourceWords.ts";

export interface DeliverySheetProps {
  deliveryId: string;
  base: string;
  maySend: boolean;
  /** Shows another delivery. */
  onShow: (deliveryId: string) => void;
  onExplain: (deliveryId: string) => void;
  onClose: () => void;
}

/** One delivery: what became of it, file by file, and its payload. */
export function DeliverySheet(props: DeliverySheetProps) {
  const api = useApi();
  const toasts = useToasts();
  const queries = useQueryClient();
  const [pending, setPending] = createSignal(false);
  const delivery = createQuery(() => ({
    queryKey: ["delivery", props.deliveryId],
    queryFn: () => api.triggers.delivery.query({ deliveryId: props.deliveryId }),
  }));
  const sendAgain = async () => {
    setPending(true);
    try {
      const intent = { id: crypto.randomUUID(), deliveryId: props.deliveryId };
      const { deliveryId } = await api.triggers.redeliver.mutate(intent);
      await queries.invalidateQueries({ queryKey: ["deliveries"] });
      toasts.show({ text: "It is sent again, as a new delivery.", tone: "done" });
      props.onShow(deliveryId);
    } catch (error) {
      toasts.fail("It was not sent again", error);
    } finally {
      setPending(false);
    }
  };
  const payload = () => JSON.stringify(delivery.data?.payload ?? {}, null, 2);
  return (
    <Sheet
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={delivery.data?.event ?? "Delivery"}
      description={delivery.data === undefined ? undefined : sourceWords[delivery.data.source]}
      footer={
        <>
          <Button onClick={() => props.onExplain(props.deliveryId)}>Explain with today's files</Button>
          <Show when={props.maySend}>
            <Button
              pending={pending()}
              disabled={delivery.data === undefined}
              icon={<Send aria-hidden="true" />}
              onClick={() => void sendAgain()}
            >
              Send again
            </Button>
          </Show>
        </>
      }
    >
      <Switch
        fallback={
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading the delivery
          </p>
        }
      >
        <Match when={delivery.error}>
          {(error) => (
            <ErrorState
              title="The delivery could not be loaded"
              error={error()}
              retry={() => void delivery.refetch()}
            />
          )}
        </Match>
        <Match when={delivery.data}>
          {(shown) => (
            <div class="flex flex-col gap-6">
              <section class="flex flex-col gap-2">
                <h3 class="text-sm font-medium">What became of it</h3>
                <p class="text-xs text-muted">
                  Received <RelativeTime at={shown().receivedAt} />
                  <Show when={shown().depth > 0}>, {shown().depth} deep in a chain of workflows</Show>
                  <Show when={shown().redeliveryOf}>
                    {(original) => (
                      <>
                        ,{" "}
                        <button type="button" class="link" onClick={() => props.onShow(original())}>
                          sent again
                        </button>
                      </>
                    )}
                  </Show>
                </p>
                <Switch fallback={<Fates fates={shown().outcome} base={props.base} label="Workflows" />}>
                  <Match when={shown().status === "pending"}>
                    <p class="flex items-center gap-2 text-muted">
                      <Spinner /> Waiting for a worker
                    </p>
                  </Match>
                  <Match when={shown().status === "failed"}>
                    <p class="text-failed" role="alert">
                      {shown().failure}
                    </p>
                  </Match>
                  <Match when={shown().outcome.length === 0}>
                    <p class="text-muted">There was no workflow file to ask.</p>
                  </Match>
                </Switch>
              </section>
              <section class="flex flex-col gap-2">
                <div class="flex items-center justify-between">
                  <h3 class="text-sm font-medium">Payload</h3>
                  <CopyButton text={payload} label="Copy the payload" />
                </div>
                <pre
                  class="max-h-96 overflow-auto rounded-control bg-sunken p-3 text-xs"
                  tabIndex={0}
                  role="region"
                  aria-label="Payload"
                >
                  {payload()}
                </pre>
              </section>
            </div>
          )}
        </Match>
      </Switch>
    </Sheet>
  );
}
