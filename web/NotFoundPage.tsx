import { EmptyState } from "./ui/EmptyState.tsx";
import { LinkButton } from "./ui/Button.tsx";
import { Page } from "./ui/Page.tsx";

export function NotFoundPage() {
  return (
    <Page crumbs={[{ label: "Not found" }]}>
      <EmptyState
        title="There is nothing at this address"
        text="It may have been renamed or deleted, or it is in an organisation that you are not a member of."
        action={<LinkButton href="/">Go to home</LinkButton>}
      />
    </Page>
  );
}
