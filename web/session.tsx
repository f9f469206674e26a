import type { AuthClient, Session as SupabaseSession, SupabaseClient } from "@supabase/supabase-js";
import {
  createContext,
  createSignal,
  onCleanup,
  useContext,
  type Accessor,
  type ParentProps,
} from "solid-js";
import type { Config } from "./config.ts";
import type { Topics } from "./topics.ts";

export type SessionState =
  { kind: "loading" } | { kind: "signed-out" } | { kind: "signed-in"; userId: string; email: string };

/** Sign-in, sign-out and the tokens: supabase-js without the rest of it. */
export type Auth = InstanceType<typeof AuthClient>;

/** Who uses the Studio, and what they reach it with. */
export interface Session {
  config: Config;
  auth: Auth;
  /** Storage and Realtime as the user; loaded when first asked for. */
  supabase: () => Promise<SupabaseClient>;
  topics: Topics;
  state: Accessor<SessionState>;
  signedIn: () => boolean;
  /** The current access token, refreshed when it is about to end; null when signed out. */
  accessToken: () => Promise<string | null>;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<Session>();

function stateOf(session: SupabaseSession | null): SessionState {
  if (session === null) return { kind: "signed-out" };
  return { kind: "signed-in", userId: session.user.id, email: session.user.email ?? "" };
}

export interface SessionProviderProps extends ParentProps {
  config: Config;
  auth: Auth;
  supabase: () => Promise<SupabaseClient>;
  topics: Topics;
  /** Called when the user changes, so that nothing of one user is shown to the next. */
  onUserChange: () => void;
}

export function SessionProvider(props: SessionProviderProps) {
  const [state, setState] = createSignal<SessionState>({ kind: "loading" });
  const userOf = (of: SessionState) => (of.kind === "signed-in" ? of.userId : null);
  const change = (next: SessionState) => {
    const before = state();
    if (before.kind === next.kind && userOf(before) === userOf(next)) return;
    setState(next);
    if (before.kind !== "loading") props.onUserChange();
  };
  const { data } = props.auth.onAuthStateChange((_event, session) => change(stateOf(session)));
  onCleanup(() => data.subscription.unsubscribe());

  const session: Session = {
    config: props.config,
    auth: props.auth,
    supabase: props.supabase,
    topics: props.topics,
    state,
    signedIn: () => state().kind === "signed-in",
    accessToken: async () => (await props.auth.getSession()).data.session?.access_token ?? null,
    signOut: async () => {
      // Local scope: other devices of the user stay signed in, and it works while the server does not answer.
      await props.auth.signOut({ scope: "local" });
      change({ kind: "signed-out" });
    },
  };
  return <SessionContext.Provider value={session}>{props.children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("useSession outside of SessionProvider");
  return session;
}
