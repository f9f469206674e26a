import { previewSandbox } from "../../previewSandbox.ts";
/** On the Studio's origin: a whole tab for one preview, named in the hash as `#<projectId>/<path>`. */
const [, id = "", path = "/"] = /^#([^/]+)(\/.*)?$/.exec(location.hash) ?? [];

// The id becomes a host name: nothing but the characters of one may get there.
if (/^[a-z0-9-]{1,63}$/i.test(decodeURIComponent(id)) && !location.host.includes("--")) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", previewSandbox);
  frame.src = `${location.protocol}//${id}--preview.${location.host}${path}`;
  frame.allow = "cross-origin-isolated; fullscreen; clipboard-write";
  frame.title = "Preview";
  document.body.replaceChildren(frame);
}
