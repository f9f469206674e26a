import { Page } from "../ui/Page.tsx";

export function ProjectSettingsPage() {
  return <Page crumbs={[{ label: "ProjectSettingsPage" }]}>{""}</Page>;
}
