import { AuthClient, type SupabaseClient } from "@supabase/supabase-js";
import { QueryClientProvider } from "@tanstack/solid-query";
import { render } from "solid-js/web";
import { arrive } from "./auth/arrival.ts";
import type { Asked } from "./askAhead.ts";
import { ApiContext, makeApi, makeQueryClient, type Outputs } from "./api.ts";
import type { Config } from "./config.ts";
import { projectKey, type Project } from "./project.ts";
import { Routes } from "./routes.tsx";
import { openedRunKey, type RunAddress } from "./runs/runAddress.ts";
import { SessionProvider } from "./session.tsx";
import { sessionKey } from "./storedSession.ts";
import type { ProjectAddress } from "./studio/projectAddress.ts";
import { makeTopics } from "./topics.ts";
import { CommandsProvider } from "./ui/commands.tsx";
import { ErrorState } from "./ui/ErrorState.tsx";
import { ToastProvider } from "./ui/Toast.tsx";

/** What was asked for before the Studio was loaded. */
export interface Begun {
  config: Promise<Config>;
  run: Asked<RunAddress, Outputs["history"]["open"]> | undefined;
  project: Asked<ProjectAddress, Project> | undefined;
}

function App(props: { config: Config; begun: Begun }) {
  const { supabaseUrl, anonKey } = props.config;
  const auth = new AuthClient({
    url: `${supabaseUrl}/auth/v1`,
    headers: { apikey: anonKey, Authorization: `Bearer ${anonKey}` },
    storageKey: sessionKey,
    autoRefreshToken: true,
    persistSession: true,
    detectSessionInUrl: true,
    flowType: "implicit",
  });
  const accessToken = async () => (await auth.getSession()).data.session?.access_token ?? null;
  let loaded: Promise<SupabaseClient> | undefined;
  const supabase = () => {
    loaded ??= import("./supabase.ts").then(({ makeSupabase }) =>
      makeSupabase({ supabaseUrl, anonKey, accessToken }),
    );
    return loaded;
  };
  const topics = makeTopics(async () => (await supabase()).realtime);
  auth.onAuthStateChange((_event, session) => {
    // Open channels end with the token they were joined with, unless they are given the next one.
    void loaded?.then((client) => client.realtime.setAuth(session?.access_token ?? null));
  });
  const queries = makeQueryClient();
  const api = makeApi({ url: `${supabaseUrl}/functions/v1/api`, anonKey, accessToken });
  const { run, project } = props.begun;
  if (run !== undefined)
    void queries.prefetchQuery({
      queryKey: openedRunKey(run.address),
      queryFn: () => run.answer.catch(() => api.history.open.query(run.address)),
    });
  if (project !== undefined)
    void queries.prefetchQuery({
      queryKey: projectKey(project.address.org, project.address.slug),
      queryFn: () => project.answer.catch(() => api.projects.bySlug.query(project.address)),
    });
  return (
    <QueryClientProvider client={queries}>
      <ApiContext.Provider value={api}>
        <SessionProvider
          config={props.config}
          auth={auth}
          supabase={supabase}
          topics={topics}
          onUserChange={() => {
            // Not `clear()`: the frame's own questions outlive the change, and would never be asked again.
            queries.removeQueries({ type: "inactive" });
            void queries.resetQueries();
          }}
        >
          <ToastProvider>
            <CommandsProvider>
              <Routes />
            </CommandsProvider>
          </ToastProvider>
        </SessionProvider>
      </ApiContext.Provider>
    </QueryClientProvider>
  );
}

/** Shows the Studio in `root`. */
export async function start(root: HTMLElement, begun: Begun): Promise<void> {
  try {
    arrive();
    const config = await begun.config;
    render(() => <App config={config} begun={begun} />, root);
  } catch (error) {
    render(
      () => <ErrorState title="Coder did not start" error={error} retry={() => location.reload()} />,
      root,
    );
  }
}
