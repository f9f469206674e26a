import { Page } from "../ui/Page.tsx";

export function RunPage() {
  return <Page crumbs={[{ label: "RunPage" }]}>{""}</Page>;
}
