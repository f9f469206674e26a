/**
 * A preview opened in a tab of its own. Storage is partitioned by the tab's site, so the Studio's service worker is
 * not there: the tab moves to a page of the Studio's origin that shows the preview in a frame, where it is.
 */
const studio = `${location.protocol}//${location.host.replace(/^[^.]+--preview\./, "")}`;

if (parent === window && /^[^.]+--preview\./.test(location.host)) {
  const id = location.host.split("--preview.", 1)[0] ?? "";
  const path = location.pathname + location.search + location.hash;
  location.replace(`${studio}/preview-origin/tab.html#${encodeURIComponent(id)}${path}`);
}
