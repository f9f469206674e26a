import FileDiff from "lucide-solid/icons/file-diff";
import Files from "lucide-solid/icons/files";
import History from "lucide-solid/icons/history";
import Search from "lucide-solid/icons/search";
import { Match, Switch } from "solid-js";
import { CommitPanel } from "./CommitPanel.tsx";
import type { Studio } from "./createStudio.ts";
import { FileTree } from "./FileTree.tsx";
import { HistoryPanel } from "./HistoryPanel.tsx";
import { SearchPanel } from "./SearchPanel.tsx";

/** The panels beside the editor, as buttons of the Studio's own rail. */
export const sides = [
  { id: "files", label: "Files", keys: "Mod+B", icon: Files },
  { id: "search", label: "Search in files", keys: "Mod+Shift+F", icon: Search },
  { id: "commit", label: "Changes since the last commit", keys: undefined, icon: FileDiff },
  { id: "history", label: "History", keys: undefined, icon: History },
] as const;
/** Which panel is shown. */
export type Side = (typeof sides)[number]["id"];

/** One of the panels, or nothing. */
export function SidePanel(props: { studio: Studio; side: Side | null; readOnly: boolean }) {
  return (
    <Switch>
      <Match when={props.side === "files"}>
        <FileTree studio={props.studio} readOnly={props.readOnly} />
      </Match>
      <Match when={props.side === "search"}>
        <SearchPanel studio={props.studio} />
      </Match>
      <Match when={props.side === "commit"}>
        <CommitPanel studio={props.studio} readOnly={props.readOnly} />
      </Match>
      <Match when={props.side === "history"}>
        <HistoryPanel studio={props.studio} />
      </Match>
    </Switch>
  );
}
