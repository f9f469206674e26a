import { Page } from "../ui/Page.tsx";

export function OrgSettingsPage() {
  return <Page crumbs={[{ label: "OrgSettingsPage" }]}>{""}</Page>;
}
