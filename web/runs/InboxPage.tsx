import { Page } from "../ui/Page.tsx";

export function InboxPage() {
  return <Page crumbs={[{ label: "InboxPage" }]}>{""}</Page>;
}
