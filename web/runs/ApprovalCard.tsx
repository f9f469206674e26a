import Hand from "lucide-solid/icons/hand";
import { createSignal, For, Show } from "solid-js";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

export interface ApprovalCardProps {
  approvalId: string;
  reason: string;
  /** Name of the gated action, or null for an `approve` step. */
  action: string | null;
  contentHash: string;
  /** What would happen, by name. */
  subject: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch, or null. */
  expiresAt: number | null;
  mayDecide: boolean;
  onDecided?: (() => void) | undefined;
}

/** "changedFiles" and "changed_files" as "Changed files". */
function label(key: string): string {
  const words = key
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]+/g, " ")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function value(of: unknown): string {
  if (typeof of === "string") return of;
  if (Array.isArray(of) && of.every((each) => typeof each === "string")) return of.join("\n");
  return JSON.stringify(of, null, 2);
}

/** A step that waits for a person: exactly what will happen, the hash that the decision is bound to, two buttons. */
export function ApprovalCard(props: ApprovalCardProps) {
  const api = useApi();
  const toasts = useToasts();
  const [comment, setComment] = createSignal("");
  const [pending, setPending] = createSignal<"approved" | "rejected" | null>(null);
  const decide = async (decision: "approved" | "rejected") => {
    setPending(decision);
    try {
      await api.approvals.decide.mutate({
        approvalId: props.approvalId,
        decision,
        contentHash: props.contentHash,
        ...(comment().trim() === "" ? {} : { comment: comment().trim() }),
      });
      props.onDecided?.();
    } catch (error) {
      toasts.fail("Your decision was not taken", error);
    } finally {
      setPending(null);
    }
  };
  return (
    <article
      class="flex flex-col gap-4 rounded-panel border border-waiting bg-surface p-4"
      aria-label={`Approval: ${props.reason}`}
    >
      <header class="flex items-start gap-3">
        <Hand class="mt-0.5 size-5 shrink-0 text-waiting" aria-hidden="true" />
        <div class="flex min-w-0 flex-col gap-1">
          <h3 class="text-base break-words">{props.reason}</h3>
          <p class="text-muted">
            {props.action === null ? "The run waits here for a decision." : `Waiting before ${props.action}.`}{" "}
            <Show when={props.expiresAt}>
              {(at) => (
                <>
                  Expires{" "}
                  <time datetime={new Date(at()).toISOString()}>{new Date(at()).toLocaleString("en")}</time>.
                </>
              )}
            </Show>
          </p>
        </div>
      </header>
      <Show when={Object.keys(props.subject).length > 0}>
        <dl class="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 rounded-control bg-sunken p-3">
          <For each={Object.entries(props.subject)}>
            {([key, content]) => (
              <>
                <dt class="text-muted">{label(key)}</dt>
                <dd class="font-mono text-xs leading-5 break-words whitespace-pre-wrap">{value(content)}</dd>
              </>
            )}
          </For>
        </dl>
      </Show>
      <p class="flex min-w-0 items-center gap-1 text-muted">
        <span class="shrink-0">Hash</span>
        <code class="min-w-0 truncate text-xs" title={props.contentHash}>
          {props.contentHash}
        </code>
        <CopyButton label="Copy the hash" text={() => props.contentHash} />
      </p>
      <Show when={props.mayDecide} fallback={<p class="text-muted">Your role can look but not decide.</p>}>
        <TextField
          label="Comment"
          hideLabel
          placeholder="Comment (optional)"
          value={comment()}
          onChange={setComment}
        />
        <div class="flex flex-wrap gap-2">
          <Button
            variant="primary"
            pending={pending() === "approved"}
            disabled={pending() !== null}
            onClick={() => void decide("approved")}
          >
            Approve
          </Button>
          <Button
            pending={pending() === "rejected"}
            disabled={pending() !== null}
            onClick={() => void decide("rejected")}
          >
            Reject
          </Button>
          <span class="self-center text-xs text-muted">
            If what would happen changes, this decision is void.
          </span>
        </div>
      </Show>
    </article>
  );
}
