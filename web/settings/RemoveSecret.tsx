import { createSignal, Show } from "solid-js";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";
import type { Secret } from "./Secrets.tsx";

/** A removed value is gone for good, so its name is typed. */
export function RemoveSecret(props: {
  secret: Secret;
  usedBy: readonly string[];
  onClose: () => void;
  onRemoved: () => Promise<unknown>;
}) {
  const api = useApi();
  const toasts = useToasts();
  const [typed, setTyped] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const remove = async (event: SubmitEvent) => {
    event.preventDefault();
    setPending(true);
    try {
      await api.secrets.remove.mutate({ secretId: props.secret.id });
      await props.onRemoved();
      toasts.show({ text: `${props.secret.name} is removed.` });
      props.onClose();
    } catch (error) {
      toasts.fail(`${props.secret.name} was not removed`, error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={`Remove ${props.secret.name}`}
      description="Its value is lost: nothing here can show it or bring it back."
      footer={
        <>
          <Button onClick={() => props.onClose()}>Keep it</Button>
          <Button
            type="submit"
            form="remove-secret"
            variant="danger"
            pending={pending()}
            disabled={typed() !== props.secret.name}
          >
            Remove for good
          </Button>
        </>
      }
    >
      <form id="remove-secret" class="flex flex-col gap-3" onSubmit={(event) => void remove(event)}>
        <Show when={props.usedBy.length > 0}>
          <p>{`${props.usedBy.join(", ")} cannot start without it.`}</p>
        </Show>
        <TextField
          label={`Type ${props.secret.name} to remove it`}
          autocomplete="off"
          value={typed()}
          onChange={setTyped}
        />
      </form>
    </Dialog>
  );
}
