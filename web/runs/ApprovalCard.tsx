import Hand from "lucide-solid/icons/hand";
import { createSignal, Show } from "solid-js";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Kbd } from "../ui/Kbd.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { ApprovalSubject } from "./ApprovalSubject.tsx";

export interface ApprovalCardProps {
  approvalId: string;
  reason: string;
  /** Name of the gated action, or null for an `approve` step. */
  action: string | null;
  contentHash: string;
  /** What would happen, by name. */
  subject: Readonly<Record<string, unknown>>;
  /** What was approved before it changed, or null. */
  subjectBefore?: Readonly<Record<string, unknown>> | null | undefined;
  /** The clause of the file that asks. */
  rule?: string | null | undefined;
  /** Milliseconds since the epoch, or null. */
  expiresAt: number | null;
  mayDecide: boolean;
  onDecided?: (() => void) | undefined;
  /** In a list: the one that keys decide about. It takes the focus, and shows its keys. */
  chosen?: boolean | undefined;
  onChoose?: (() => void) | undefined;
  /** Takes the function that decides, for keys of the page. */
  ref?: ((decide: (decision: "approved" | "rejected") => void) => void) | undefined;
}

/** A step that waits for a person: exactly what will happen, the hash that the decision is bound to, two buttons. */
export function ApprovalCard(props: ApprovalCardProps) {
  const api = useApi();
  const toasts = useToasts();
  const [comment, setComment] = createSignal("");
  const [pending, setPending] = createSignal<"approved" | "rejected" | null>(null);
  const decide = async (decision: "approved" | "rejected") => {
    if (pending() !== null || !props.mayDecide) return;
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
  props.ref?.((decision) => void decide(decision));
  return (
    <article
      class={`flex flex-col gap-4 rounded-panel border bg-surface p-4 ${
        props.chosen ? "border-focus outline-1 outline-focus" : "border-waiting"
      }`}
      aria-label={`Approval: ${props.reason}`}
      aria-current={props.chosen ? "true" : undefined}
      onFocusIn={() => props.onChoose?.()}
    >
      <header class="flex items-start gap-3">
        <Hand class="mt-0.5 size-5 shrink-0 text-waiting" aria-hidden="true" />
        <div class="flex min-w-0 flex-col gap-1">
          <h3 class="text-base break-words">{props.reason}</h3>
          <p class="text-muted">
            {props.action === null ? "The run waits here for a decision." : `Waiting before ${props.action}.`}{" "}
            <Show when={props.rule}>
              {(rule) => (
                <>
                  Asked by <code class="text-xs break-all">{rule()}</code>.{" "}
                </>
              )}
            </Show>
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
      <Show when={props.subjectBefore}>
        <p class="rounded-control bg-waiting-soft px-3 py-2">
          This was approved, and has changed since. The approval is void; what changed is marked.
        </p>
      </Show>
      <ApprovalSubject before={props.subjectBefore ?? null} now={props.subject} />
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
            <Show when={props.chosen}>
              <Kbd keys="A" />
            </Show>
          </Button>
          <Button
            pending={pending() === "rejected"}
            disabled={pending() !== null}
            onClick={() => void decide("rejected")}
          >
            Reject
            <Show when={props.chosen}>
              <Kbd keys="R" />
            </Show>
          </Button>
          <span class="self-center text-xs text-muted">
            If what would happen changes, this decision is void.
          </span>
        </div>
      </Show>
    </article>
  );
}
