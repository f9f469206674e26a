const mark = "coder.reloadedAt";
const quietMs = 10_000;

/**
 * A page whose parts were replaced by a newer build reloads to get the new ones, once: a part that is still not there
 * after that is a failure to show. Work in no commit survives the reload. (https://vite.dev/guide/build#load-error-handling)
 */
export function reloadOnNewBuild(): void {
  addEventListener("vite:preloadError", (event) => {
    if (Date.now() - Number(sessionStorage.getItem(mark) ?? 0) < quietMs) return;
    sessionStorage.setItem(mark, String(Date.now()));
    event.preventDefault();
    location.reload();
  });
}
