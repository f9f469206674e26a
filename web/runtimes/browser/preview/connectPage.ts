/**
 * What the server answers on a preview origin where no service worker does.
 *
 * In a tab of its own: storage is partitioned by the tab's site, so the Studio's service worker is not there. The tab
 * moves to a page of the Studio's origin that shows the preview in a frame, where it is.
 * In a frame of the Studio: the worker is still starting. The page comes again when it is there.
 */
const studio = `${location.protocol}//${location.host.replace(/^[^.]+--preview\./, "")}`;
const attemptsKey = "coder-connect-attempts";
const maxAttempts = 5;

if (/^[^.]+--preview\./.test(location.host)) {
  if (parent === window) {
    const id = location.host.split("--preview.", 1)[0] ?? "";
    const path = location.pathname + location.search + location.hash;
    location.replace(`${studio}/preview-origin/tab.html#${encodeURIComponent(id)}${path}`);
  } else {
    void reloadWhenServed();
  }
}

async function reloadWhenServed(): Promise<void> {
  const attempts = Number(sessionStorage.getItem(attemptsKey) ?? "0");
  if (attempts >= maxAttempts) return;
  sessionStorage.setItem(attemptsKey, String(attempts + 1));
  await navigator.serviceWorker.ready;
  location.reload();
}
