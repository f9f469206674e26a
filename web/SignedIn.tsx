import { Navigate, useLocation } from "@solidjs/router";
import { Match, Switch, type JSX } from "solid-js";
import { useSession } from "./session.tsx";
import { Spinner } from "./ui/Spinner.tsx";

/** Its children for a signed-in user; everyone else is sent to sign in and brought back here afterwards. */
export function SignedIn(props: { children: JSX.Element }) {
  const session = useSession();
  const location = useLocation();
  return (
    <Switch>
      <Match when={session.signedIn()}>{props.children}</Match>
      <Match when={session.state().kind === "signed-out"}>
        <Navigate
          href={`/signin?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`}
        />
      </Match>
      <Match when={session.state().kind === "loading"}>
        <main id="content" class="flex flex-1 items-center justify-center text-muted">
          <Spinner />
          <span class="sr-only">Checking who you are</span>
        </main>
      </Match>
    </Switch>
  );
}
