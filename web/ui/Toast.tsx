import CircleAlert from "lucide-solid/icons/circle-alert";
import CircleCheck from "lucide-solid/icons/circle-check";
import X from "lucide-solid/icons/x";
import { createContext, createSignal, For, onCleanup, Show, useContext, type ParentProps } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";

export interface ToastOptions {
  text: string;
  tone?: "done" | "failed" | undefined;
  /** A button in the toast, e.g. `{ label: "Undo", run }`. */
  action?: { label: string; run: () => void } | undefined;
  /** Milliseconds; default 6000, failures stay until closed. */
  duration?: number | undefined;
}

export interface Toasts {
  /** Answers with what closes it before its time. */
  show: (options: ToastOptions) => () => void;
  /** A failure of something the user asked for: `what` says what, the error says why. */
  fail: (what: string, error: unknown) => void;
}

interface Shown extends ToastOptions {
  id: number;
}

const ToastContext = createContext<Toasts>();

/** Short messages at the bottom, read out by screen readers, that never take the focus. */
export function ToastProvider(props: ParentProps) {
  const [shown, setShown] = createSignal<Shown[]>([]);
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let lastId = 0;
  const close = (id: number) => setShown((before) => before.filter((toast) => toast.id !== id));
  const show = (options: ToastOptions) => {
    lastId += 1;
    const toast = { ...options, id: lastId };
    setShown((before) => [...before.slice(-3), toast]);
    if (options.tone !== "failed") {
      const timer = setTimeout(() => {
        timers.delete(timer);
        close(toast.id);
      }, options.duration ?? 6000);
      timers.add(timer);
    }
    return () => close(toast.id);
  };
  const fail = (what: string, error: unknown) =>
    void show({ text: `${what}: ${toCoderError(error).message}`, tone: "failed" });
  onCleanup(() => timers.forEach(clearTimeout));

  return (
    <ToastContext.Provider value={{ show, fail }}>
      {props.children}
      <div
        role="status"
        aria-live="polite"
        class="pointer-events-none fixed inset-x-0 bottom-28 z-50 flex flex-col items-center gap-2 px-4 md:bottom-6"
      >
        <For each={shown()}>
          {(toast) => (
            <div class="pointer-events-auto flex w-full max-w-lg animate-enter items-center gap-3 rounded-panel border border-line bg-raised py-2 pr-2 pl-3 shadow-float sm:w-auto">
              <Show
                when={toast.tone === "failed"}
                fallback={<CircleCheck class="size-4 shrink-0 text-succeeded" aria-hidden="true" />}
              >
                <CircleAlert class="size-4 shrink-0 text-failed" aria-hidden="true" />
              </Show>
              <span class="min-w-0 flex-1 break-words">{toast.text}</span>
              <Show when={toast.action}>
                {(action) => (
                  <button
                    type="button"
                    class="hit rounded-control px-2 font-medium text-accent-text hover:bg-hover"
                    onClick={() => {
                      action().run();
                      close(toast.id);
                    }}
                  >
                    {action().label}
                  </button>
                )}
              </Show>
              <button
                type="button"
                aria-label="Close message"
                class="inline-flex size-8 items-center justify-center rounded-control text-muted hover:bg-hover"
                onClick={() => close(toast.id)}
              >
                <X class="size-4" aria-hidden="true" />
              </button>
            </div>
          )}
        </For>
      </div>
    </ToastContext.Provider>
  );
}

export function useToasts(): Toasts {
  const toasts = useContext(ToastContext);
  if (toasts === undefined) throw new Error("useToasts outside of ToastProvider");
  return toasts;
}
