import { Page } from "../ui/Page.tsx";

export function ChangePage() {
  return <Page crumbs={[{ label: "ChangePage" }]}>{""}</Page>;
}
