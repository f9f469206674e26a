import { useParams } from "@solidjs/router";
import { SignedIn } from "../SignedIn.tsx";
import { Page } from "../ui/Page.tsx";

export function Studio() {
  const params = useParams();
  return (
    <SignedIn>
      <Page crumbs={[{ label: params["org"] ?? "", href: "/" }, { label: params["project"] ?? "" }]} fill>
        <p class="p-4">The Studio.</p>
      </Page>
    </SignedIn>
  );
}
