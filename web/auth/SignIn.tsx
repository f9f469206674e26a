import { Navigate, useSearchParams } from "@solidjs/router";
import MailOpen from "lucide-solid/icons/mail-open";
import { createSignal, Match, Show, Switch, type JSX } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { arrivalFailure } from "./arrival.ts";
import { safeNext } from "./safeNext.ts";
import { useSession } from "../session.tsx";
import { Button } from "../ui/Button.tsx";
import { Page } from "../ui/Page.tsx";
import { TextField } from "../ui/TextField.tsx";
import { sendMagicLink, signInAsOwner, signInWithGitHub, signInWithPassword, signUp } from "./signInWays.ts";

type Form = "sign-in" | "sign-up";
type Work = "owner" | "password" | "link" | "github";

/** `/signin?next=…`: every way into an account that this installation has. */
export function SignIn() {
  const session = useSession();
  const [search] = useSearchParams<{ next?: string }>();
  const next = () => safeNext(search.next);
  return (
    <Page crumbs={[{ label: "Sign in" }]}>
      <Switch>
        <Match when={session.signedIn()}>
          <Navigate href={next()} />
        </Match>
        <Match when={session.state().kind === "signed-out"}>
          <SignInForm next={next()} />
        </Match>
      </Switch>
    </Page>
  );
}

/** One way at a time is under way; its failure is shown beside the buttons. */
function createWork() {
  const [working, setWorking] = createSignal<Work | null>(null);
  const [failure, setFailure] = createSignal(arrivalFailure(location.hash));
  const run = async (work: Work, task: () => Promise<void>) => {
    setWorking(work);
    setFailure(null);
    try {
      await task();
    } catch (error) {
      setFailure(toCoderError(error).message);
    } finally {
      setWorking(null);
    }
  };
  return { working, failure, run };
}

function SignInForm(props: { next: string }) {
  const { auth, config } = useSession();
  const [form, setForm] = createSignal<Form>("sign-in");
  const [email, setEmail] = createSignal("");
  const [password, setPassword] = createSignal("");
  const [mailedTo, setMailedTo] = createSignal<string | null>(null);
  const { working, failure, run } = createWork();

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const credentials = { email: email().trim(), password: password() };
    void run("password", async () => {
      if (form() === "sign-in") await signInWithPassword(auth, credentials);
      else if (!(await signUp(auth, credentials))) setMailedTo(credentials.email);
    });
  };
  const sendLink = () =>
    run("link", async () => {
      const to = email().trim();
      await sendMagicLink(auth, to, props.next);
      setMailedTo(to);
    });

  return (
    <div class="mx-auto flex w-full max-w-sm flex-col gap-6 px-4 py-12 md:py-24">
      <h2 class="text-center text-xl">{form() === "sign-in" ? "Sign in to Coder" : "Create an account"}</h2>
      <Show when={mailedTo()} fallback={null}>
        {(to) => <MailSent to={to()} caughtAt={config.mail} onBack={() => setMailedTo(null)} />}
      </Show>
      <Show when={mailedTo() === null}>
        <Show when={config.ownerSignIn}>
          <Button
            variant="primary"
            class="w-full"
            pending={working() === "owner"}
            onClick={() => void run("owner", () => signInAsOwner(auth))}
          >
            Continue as the owner of this machine
          </Button>
          <Or>or with an account</Or>
        </Show>
        <Show when={config.github}>
          <Button
            class="w-full"
            pending={working() === "github"}
            onClick={() => void run("github", () => signInWithGitHub(auth, props.next))}
          >
            Continue with GitHub
          </Button>
          <Or>or</Or>
        </Show>
        <form class="flex flex-col gap-4" onSubmit={submit}>
          <TextField
            label="E-mail"
            type="email"
            name="email"
            autocomplete="email"
            required
            value={email()}
            onChange={setEmail}
          />
          <TextField
            label="Password"
            type="password"
            name="password"
            autocomplete={form() === "sign-in" ? "current-password" : "new-password"}
            required
            value={password()}
            onChange={setPassword}
            hint={form() === "sign-up" ? "At least 8 characters." : undefined}
          />
          <Show when={failure()}>
            {(message) => (
              <p role="alert" class="text-failed">
                {message()}
              </p>
            )}
          </Show>
          <Button
            type="submit"
            variant={config.ownerSignIn ? "secondary" : "primary"}
            pending={working() === "password"}
          >
            {form() === "sign-in" ? "Sign in" : "Create account"}
          </Button>
          <Show when={form() === "sign-in"}>
            <Button
              variant="ghost"
              pending={working() === "link"}
              disabled={!email().includes("@")}
              onClick={() => void sendLink()}
            >
              E-mail me a link instead
            </Button>
          </Show>
        </form>
        <p class="text-center text-muted">
          {form() === "sign-in" ? "No account yet?" : "Already have an account?"}{" "}
          <button
            type="button"
            class="link"
            onClick={() => setForm(form() === "sign-in" ? "sign-up" : "sign-in")}
          >
            {form() === "sign-in" ? "Create one" : "Sign in"}
          </button>
        </p>
      </Show>
    </div>
  );
}

function Or(props: { children: JSX.Element }) {
  return (
    <p class="flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
      {props.children}
    </p>
  );
}

function MailSent(props: { to: string; caughtAt: string | null; onBack: () => void }) {
  return (
    <div class="flex flex-col items-center gap-3 text-center" role="status">
      <MailOpen class="size-6 text-muted" aria-hidden="true" />
      <p>
        A mail with a link is on its way to <strong class="font-medium">{props.to}</strong>. Open the link in
        this browser.
      </p>
      <Show when={props.caughtAt}>
        {(path) => (
          <p class="text-muted">
            This installation delivers no mail.{" "}
            <a class="link" href={path()} target="_blank" rel="noreferrer">
              Mail is caught here
            </a>
            .
          </p>
        )}
      </Show>
      <Button variant="ghost" onClick={props.onBack}>
        Back
      </Button>
    </div>
  );
}
