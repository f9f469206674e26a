import { useLocation, useNavigate, type RouteSectionProps } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import Blocks from "lucide-solid/icons/house";
import CircleDot from "lucide-solid/icons/circle-dot";
import CirclePlay from "lucide-solid/icons/circle-play";
import CircleUser from "lucide-solid/icons/circle-user-round";
import Code from "lucide-solid/icons/code-xml";
import GitPullRequest from "lucide-solid/icons/git-pull-request";
import InboxIcon from "lucide-solid/icons/inbox";
import Keyboard from "lucide-solid/icons/keyboard";
import LogIn from "lucide-solid/icons/log-in";
import LogOut from "lucide-solid/icons/log-out";
import Moon from "lucide-solid/icons/moon";
import ScrollText from "lucide-solid/icons/scroll-text";
import Settings from "lucide-solid/icons/settings";
import Sun from "lucide-solid/icons/sun";
import Workflow from "lucide-solid/icons/workflow";
import Zap from "lucide-solid/icons/zap";
import { createMemo, createSignal, ErrorBoundary, lazy, Show, Suspense } from "solid-js";
import { useApi } from "./api.ts";
import { FreezeBanner } from "./policy/FreezeBanner.tsx";
import { createMe } from "./project.ts";
import { useSession } from "./session.tsx";
import { createCommands } from "./ui/commands.tsx";
import { ErrorState } from "./ui/ErrorState.tsx";
import { Frame, railButton, type RailItem } from "./ui/Frame.tsx";
import { Menu } from "./ui/Menu.tsx";
import { Spinner } from "./ui/Spinner.tsx";
import { useToasts } from "./ui/Toast.tsx";
import { currentTheme, setTheme } from "./theme.ts";

const CommandPalette = lazy(async () => ({
  default: (await import("./ui/CommandPalette.tsx")).CommandPalette,
}));
const KeyHelp = lazy(async () => ({ default: (await import("./ui/KeyHelp.tsx")).KeyHelp }));

const Operationalize = lazy(async () => ({
  default: (await import("./operationalize/Operationalize.tsx")).Operationalize,
}));

/** First segments of a URL that are pages of their own, not organisations. */
const pages = ["signin", "inbox", "settings", ""];

/** The organisation and project that a path is under. */
export function placeOf(pathname: string): { org?: string; project?: string; section?: string } {
  const [org = "", project = "", section = ""] = pathname.split("/").slice(1);
  if (pages.includes(org)) return {};
  if (["", "settings", "audit", "runs"].includes(project)) return { org };
  return { org, project, section };
}

function createRail() {
  const location = useLocation();
  const api = useApi();
  const session = useSession();
  const me = createMe();
  const inbox = createQuery(() => ({
    queryKey: ["inbox"],
    queryFn: () => api.approvals.inbox.query(),
    enabled: session.signedIn(),
    refetchInterval: 60_000,
  }));
  const messages = createQuery(() => ({
    queryKey: ["inbox", "messages"],
    queryFn: () => api.notifications.list.query({}),
    enabled: session.signedIn(),
    refetchInterval: 60_000,
  }));
  const waiting = () =>
    (inbox.data?.waiting.length ?? 0) + (messages.data?.filter(({ readAt }) => readAt === null).length ?? 0);
  return createMemo((): RailItem[] => {
    const place = placeOf(location.pathname);
    const at = (href: string, section?: string) =>
      section === undefined ? location.pathname === href : place.section === section;
    const items: RailItem[] = [
      { label: "Home", href: "/", icon: <Blocks aria-hidden="true" />, current: at("/"), keys: "g h" },
    ];
    if (!session.signedIn()) return items;
    items.push({
      label: "Inbox",
      href: "/inbox",
      icon: <InboxIcon aria-hidden="true" />,
      current: at("/inbox") || at("/inbox/decided"),
      keys: "g i",
      count: waiting(),
    });
    if (place.project !== undefined) {
      const base = `/${place.org}/${place.project}`;
      items.push(
        {
          label: "Studio",
          href: base,
          icon: <Code aria-hidden="true" />,
          current: at(base, ""),
          keys: "g s",
        },
        {
          label: "Runs",
          href: `${base}/runs`,
          icon: <CirclePlay aria-hidden="true" />,
          current: at("", "runs") || at("", "logs"),
          keys: "g r",
        },
        {
          label: "Workflows",
          href: `${base}/workflows`,
          icon: <Workflow aria-hidden="true" />,
          current: at("", "workflows"),
          keys: "g w",
        },
        {
          label: "Changes",
          href: `${base}/changes`,
          icon: <GitPullRequest aria-hidden="true" />,
          current: at("", "changes"),
          keys: "g c",
        },
        {
          label: "Issues",
          href: `${base}/issues`,
          icon: <CircleDot aria-hidden="true" />,
          current: at("", "issues"),
          keys: "g u",
        },
        {
          label: "Events",
          href: `${base}/events`,
          icon: <Zap aria-hidden="true" />,
          current: at("", "events"),
          keys: "g e",
        },
        {
          label: "Project settings",
          href: `${base}/settings`,
          icon: <Settings aria-hidden="true" />,
          current: at("", "settings"),
          keys: "g t",
        },
      );
      return items;
    }
    const org = place.org ?? me.data?.orgs.find((each) => each.personal)?.slug ?? me.data?.orgs[0]?.slug;
    if (org !== undefined) {
      items.push({
        label: "Runs",
        href: `/${org}/runs`,
        icon: <CirclePlay aria-hidden="true" />,
        current: at(`/${org}/runs`),
        keys: "g r",
      });
      const href = `/${org}/settings`;
      items.push({
        label: "Organisation settings",
        href,
        icon: <Settings aria-hidden="true" />,
        current: at(href),
        keys: "g t",
      });
      const role = me.data?.orgs.find((each) => each.slug === org)?.role;
      if (role === "owner" || role === "admin") {
        items.push({
          label: "Audit log",
          href: `/${org}/audit`,
          icon: <ScrollText aria-hidden="true" />,
          current: at(`/${org}/audit`),
        });
      }
    }
    return items;
  });
}

/** The account menu at the foot of the rail. */
function Account(props: { onKeyHelp: () => void }) {
  const session = useSession();
  const navigate = useNavigate();
  const location = useLocation();
  const toasts = useToasts();
  const [theme, setShownTheme] = createSignal(currentTheme());
  const toggle = () => setShownTheme(setTheme(theme() === "dark" ? "light" : "dark"));
  const signOut = async () => {
    try {
      await session.signOut();
      navigate("/");
    } catch (error) {
      toasts.fail("You are still signed in", error);
    }
  };
  const email = () => {
    const state = session.state();
    return state.kind === "signed-in" ? state.email : null;
  };
  return (
    <Menu
      label={email() === null ? "Menu" : `Account ${email()}`}
      placement="right-end"
      trigger={<CircleUser aria-hidden="true" class="size-[18px]!" />}
      triggerClass={railButton}
      items={[
        ...(email() === null
          ? [
              {
                label: "Sign in",
                icon: <LogIn aria-hidden="true" />,
                onSelect: () =>
                  navigate(`/signin?next=${encodeURIComponent(location.pathname + location.search)}`),
              },
            ]
          : []),
        {
          label: theme() === "dark" ? "Light theme" : "Dark theme",
          icon: theme() === "dark" ? <Sun aria-hidden="true" /> : <Moon aria-hidden="true" />,
          onSelect: toggle,
        },
        { label: "Keys", icon: <Keyboard aria-hidden="true" />, keys: "?", onSelect: props.onKeyHelp },
        ...(email() === null
          ? []
          : [
              null,
              { label: "Sign out", icon: <LogOut aria-hidden="true" />, onSelect: () => void signOut() },
            ]),
      ]}
    />
  );
}

/** What stands around every page: rail, palette, key help, and the page's own failure kept inside the frame. */
export function Shell(props: RouteSectionProps) {
  const navigate = useNavigate();
  const location = useLocation();
  const rail = createRail();
  const [paletteOpen, setPaletteOpen] = createSignal(false);
  const [keyHelpOpen, setKeyHelpOpen] = createSignal(false);
  const goTo = (label: string) => {
    const item = rail().find(
      (each) => each.label === label || (label === "Settings" && each.label.endsWith("settings")),
    );
    if (item !== undefined) navigate(item.href);
  };
  createCommands([
    {
      id: "palette",
      title: "Search and commands",
      section: "Everywhere",
      keys: "Mod+K",
      hidden: true,
      run: () => setPaletteOpen((open) => !open),
    },
    {
      id: "keys",
      title: "Keys on this page",
      section: "Everywhere",
      keys: "?",
      run: () => setKeyHelpOpen(true),
    },
    {
      id: "theme",
      title: "Switch between light and dark",
      section: "Everywhere",
      run: () => setTheme(currentTheme() === "dark" ? "light" : "dark"),
    },
    { id: "go.home", title: "Go to home", section: "Go to", keys: "g h", run: () => goTo("Home") },
    { id: "go.inbox", title: "Go to inbox", section: "Go to", keys: "g i", run: () => goTo("Inbox") },
    { id: "go.studio", title: "Go to studio", section: "Go to", keys: "g s", run: () => goTo("Studio") },
    { id: "go.runs", title: "Go to runs", section: "Go to", keys: "g r", run: () => goTo("Runs") },
    {
      id: "go.workflows",
      title: "Go to workflows",
      section: "Go to",
      keys: "g w",
      run: () => goTo("Workflows"),
    },
    { id: "go.issues", title: "Go to issues", section: "Go to", keys: "g u", run: () => goTo("Issues") },
    { id: "go.changes", title: "Go to changes", section: "Go to", keys: "g c", run: () => goTo("Changes") },
    { id: "go.events", title: "Go to events", section: "Go to", keys: "g e", run: () => goTo("Events") },
    {
      id: "go.settings",
      title: "Go to settings",
      section: "Go to",
      keys: "g t",
      run: () => goTo("Settings"),
    },
  ]);

  return (
    <>
      <Frame
        items={rail()}
        foot={<Account onKeyHelp={() => setKeyHelpOpen(true)} />}
        banner={
          <Suspense>
            <FreezeBanner {...placeOf(location.pathname)} />
          </Suspense>
        }
      >
        <ErrorBoundary
          fallback={(error: unknown, reset) => {
            // Shown to the user below; the console keeps the stack.
            console.error(error);
            return (
              <main id="content" class="flex-1">
                <ErrorState
                  title="This page failed"
                  error={error}
                  kept="What is saved is safe."
                  retry={reset}
                />
              </main>
            );
          }}
        >
          <Suspense fallback={<PageLoading path={location.pathname} />}>{props.children}</Suspense>
        </ErrorBoundary>
      </Frame>
      <Suspense>
        <Show
          when={
            location.query["operationalize"] !== undefined && placeOf(location.pathname).project !== undefined
          }
        >
          <Operationalize />
        </Show>
        <Show when={paletteOpen()}>
          <CommandPalette open onOpenChange={setPaletteOpen} />
        </Show>
        <Show when={keyHelpOpen()}>
          <KeyHelp open onOpenChange={setKeyHelpOpen} />
        </Show>
      </Suspense>
    </>
  );
}

function PageLoading(props: { path: string }) {
  return (
    <main id="content" class="flex flex-1 items-center justify-center text-muted" data-path={props.path}>
      <Spinner />
      <span class="sr-only">Loading the page</span>
    </main>
  );
}
