import { Page } from "../ui/Page.tsx";

export function SignIn() {
  return <Page crumbs={[{ label: "SignIn" }]}>{""}</Page>;
}
