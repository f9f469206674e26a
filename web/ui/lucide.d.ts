/*
 * lucide-solid ships its types as CommonJS beside ES modules, so that under NodeNext a default import of an icon
 * has the type of the whole module. One line per icon that is used; add yours.
 */
declare module "coder:icon" {
  import type { LucideProps } from "lucide-solid";
  import type { JSX } from "solid-js";
  export type Icon = (props: LucideProps) => JSX.Element;
}

declare module "lucide-solid/icons/app-window" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/archive" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/arrow-down" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/arrow-down-to-line" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/arrow-left" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/arrow-right" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/arrow-up" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/ban" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/box" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/boxes" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/bug" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/check" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/chevron-down" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/chevron-left" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/chevron-right" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/chevron-up" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/chevrons-up-down" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-alert" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-check" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-dashed" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-dot" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-help" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-minus" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-play" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-user-round" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/circle-x" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/clock" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/cloud-upload" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/code-xml" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/columns-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/copy" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/download" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/ellipsis" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/ellipsis-vertical" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/external-link" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/eye" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/eye-off" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/file" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/file-code" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/file-diff" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/file-json" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/file-plus" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/file-text" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/files" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/flask-conical" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/folder" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/folder-git-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/folder-open" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/folder-plus" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/folder-tree" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/folder-up" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/git-branch" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/git-commit-horizontal" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/git-compare" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/git-merge" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/git-pull-request" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/git-pull-request-closed" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/git-pull-request-draft" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/globe" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/hand" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/hard-drive" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/history" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/house" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/inbox" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/info" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/key-round" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/keyboard" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/laptop" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/layout-template" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/link" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/link-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/list" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/list-tree" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/loader-circle" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/log-in" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/log-out" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/mail" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/mail-open" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/maximize-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/message-square" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/minimize-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/monitor" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/moon" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/more-horizontal" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/package" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/package-open" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/panel-bottom" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/panel-left" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/panel-right" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/pause" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/pencil" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/play" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/plus" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/power" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/redo-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/refresh-cw" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/replace" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/rocket" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/rotate-ccw" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/rotate-cw" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/save" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/scroll-text" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/search" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/send" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/server" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/settings" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/share" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/share-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/shield-check" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/smartphone" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/snowflake" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/sparkles" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/split" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/square" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/sun" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/tablet" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/terminal" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/trash" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/trash-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/triangle-alert" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/undo-2" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/upload" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/users" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/wand-sparkles" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/wifi-off" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/workflow" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/x" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/zap" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/folder-up" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/archive" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/case-sensitive" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/regex" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/square-terminal" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
declare module "lucide-solid/icons/minus" {
  import type { Icon } from "coder:icon";
  const icon: Icon;
  export default icon;
}
