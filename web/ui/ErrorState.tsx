import CircleAlert from "lucide-solid/icons/circle-alert";
import { Show } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { Button } from "./Button.tsx";

export interface ErrorStateProps {
  /** What could not be done, e.g. "The run could not be loaded". */
  title: string;
  error: unknown;
  /** What was kept, if anything was at stake. */
  kept?: string | undefined;
  retry?: (() => void) | undefined;
}

/** A failure in place of what it prevented: what happened, what was kept, what to do. */
export function ErrorState(props: ErrorStateProps) {
  return (
    <div role="alert" class="mx-auto flex w-full max-w-lg flex-col items-center gap-2 px-4 py-12 text-center">
      <CircleAlert class="size-6 text-failed" aria-hidden="true" />
      <p class="text-base font-medium">{props.title}</p>
      <p class="break-words text-muted">{toCoderError(props.error).message}</p>
      <Show when={props.kept}>
        <p class="text-muted">{props.kept}</p>
      </Show>
      <Show when={props.retry}>
        {(retry) => (
          <Button class="mt-3" onClick={() => retry()()}>
            Try again
          </Button>
        )}
      </Show>
    </div>
  );
}
