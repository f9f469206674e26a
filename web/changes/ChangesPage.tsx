import { Page } from "../ui/Page.tsx";

export function ChangesPage() {
  return <Page crumbs={[{ label: "ChangesPage" }]}>{""}</Page>;
}
