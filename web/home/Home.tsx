import { Column, Page } from "../ui/Page.tsx";

export function Home() {
  return (
    <Page crumbs={[{ label: "Home" }]}>
      <Column>
        <h2 class="pt-12 text-center text-2xl font-semibold">What do you want to build?</h2>
      </Column>
    </Page>
  );
}
