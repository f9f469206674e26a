import { Page } from "../ui/Page.tsx";

export function RunsPage() {
  return <Page crumbs={[{ label: "RunsPage" }]}>{""}</Page>;
}
