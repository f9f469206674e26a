import { Page } from "../ui/Page.tsx";

export function WorkflowsPage() {
  return <Page crumbs={[{ label: "WorkflowsPage" }]}>{""}</Page>;
}
