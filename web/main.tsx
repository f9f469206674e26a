import "./ui/tokens.css";
import { createClient } from "@supabase/supabase-js";
import { QueryClientProvider } from "@tanstack/solid-query";
import { render } from "solid-js/web";
import { ApiContext, makeApi, makeQueryClient } from "./api.ts";
import { loadConfig, type Config } from "./config.ts";
import { Routes } from "./routes.tsx";
import { SessionProvider } from "./session.tsx";
import { makeTopics } from "./topics.ts";
import { CommandsProvider } from "./ui/commands.tsx";
import { ErrorState } from "./ui/ErrorState.tsx";
import { ToastProvider } from "./ui/Toast.tsx";

function App(props: { config: Config }) {
  const { supabaseUrl, anonKey } = props.config;
  const supabase = createClient(supabaseUrl, anonKey, {
    auth: { storageKey: "coder.session", flowType: "implicit" },
  });
  const topics = makeTopics(supabase);
  const queries = makeQueryClient();
  const api = makeApi({
    url: `${supabaseUrl}/functions/v1/api`,
    anonKey,
    accessToken: async () => (await supabase.auth.getSession()).data.session?.access_token ?? null,
  });
  return (
    <QueryClientProvider client={queries}>
      <ApiContext.Provider value={api}>
        <SessionProvider
          config={props.config}
          supabase={supabase}
          topics={topics}
          onUserChange={() => queries.clear()}
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

async function start(root: HTMLElement) {
  try {
    const config = await loadConfig(import.meta.env);
    render(() => <App config={config} />, root);
  } catch (error) {
    render(
      () => <ErrorState title="Coder did not start" error={error} retry={() => location.reload()} />,
      root,
    );
  }
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
void start(root);
