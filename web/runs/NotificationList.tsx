import { useQueryClient } from "@tanstack/solid-query";
import Check from "lucide-solid/icons/check";
import { createMemo, For, Show } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { createCommands } from "../ui/commands.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { useToasts } from "../ui/Toast.tsx";

type Notification = Outputs["notifications"]["list"][number];

/** What workflows have said, the unread first. Opening the run of one reads it. */
export function NotificationList(props: { notifications: readonly Notification[] }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  // What was unread when it came keeps its place once it is read: no row moves under the pointer.
  const cameUnread = new Map<string, boolean>();
  const ids = createMemo(() => {
    for (const { id, readAt } of props.notifications)
      if (!cameUnread.has(id)) cameUnread.set(id, readAt === null);
    return props.notifications
      .map(({ id }) => id)
      .sort((a, b) => Number(cameUnread.get(b)) - Number(cameUnread.get(a)));
  });
  const unread = () => props.notifications.filter(({ readAt }) => readAt === null).map(({ id }) => id);

  const mark = async (marked: readonly string[], read = true): Promise<boolean> => {
    try {
      await api.notifications.markRead.mutate({ ids: [...marked], read });
      return true;
    } catch (error) {
      toasts.fail(read ? "Nothing was marked as read" : "Nothing was marked as unread", error);
      return false;
    } finally {
      void queries.invalidateQueries({ queryKey: ["inbox", "messages"] });
    }
  };
  const markAll = async () => {
    const marked = unread();
    if (marked.length === 0 || !(await mark(marked))) return;
    toasts.show({
      text: marked.length === 1 ? "1 message is read." : `${marked.length} messages are read.`,
      action: { label: "Undo", run: () => void mark(marked, false) },
    });
  };
  /** The one that has the focus, else the first that is unread. */
  const markNext = () => {
    const row = document.activeElement?.closest<HTMLElement>("[data-notification]");
    const focused = unread().find((id) => id === row?.dataset["notification"]);
    const id = focused ?? ids().find((each) => unread().includes(each));
    if (id !== undefined) void mark([id]);
  };
  createCommands([
    { id: "inbox.read", title: "Mark a message as read", section: "Inbox", keys: "e", run: markNext },
    {
      id: "inbox.readAll",
      title: "Mark all messages as read",
      section: "Inbox",
      run: () => void markAll(),
    },
  ]);
  return (
    <Show when={props.notifications.length > 0}>
      <section class="flex flex-col gap-3" aria-labelledby="messages">
        <div class="flex flex-wrap items-center justify-between gap-2">
          <h2 id="messages" class="text-base">
            Messages
          </h2>
          <Show when={unread().length > 0}>
            <Button onClick={() => void markAll()}>Mark all as read</Button>
          </Show>
        </div>
        <ul class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface">
          <For each={ids()}>
            {(id) => (
              <Show when={props.notifications.find((each) => each.id === id)}>
                {(notification) => <Row notification={notification()} onRead={() => void mark([id])} />}
              </Show>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

function Row(props: { notification: Notification; onRead: () => void }) {
  const isUnread = () => props.notification.readAt === null;
  const href = () => {
    const { orgSlug, projectSlug, runNumber } = props.notification;
    return `/${orgSlug}/${projectSlug}/runs/${runNumber}`;
  };
  return (
    <li data-notification={props.notification.id} class="flex items-start gap-2 px-3 py-2">
      <div class="flex min-w-0 flex-1 flex-col gap-1">
        <p class={`break-words whitespace-pre-wrap ${isUnread() ? "font-medium" : "text-muted"}`}>
          <Show when={isUnread()}>
            <span class="mr-2 inline-block size-2 rounded-full bg-accent" aria-hidden="true" />
            <span class="sr-only">Unread: </span>
          </Show>
          {props.notification.message}
        </p>
        <p class="flex flex-wrap gap-x-2 text-xs text-muted">
          <a class="link" href={href()} onClick={() => isUnread() && props.onRead()}>
            {props.notification.projectName}: {props.notification.runName} #{props.notification.runNumber}
          </a>
          <RelativeTime at={props.notification.createdAt} />
        </p>
      </div>
      <Show when={isUnread()}>
        <IconButton label="Mark as read" keys="e" icon={<Check />} onClick={() => props.onRead()} />
      </Show>
    </li>
  );
}
