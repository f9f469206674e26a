import { existsSync } from "node:fs";
import { chromium, type Browser } from "@playwright/test";

/**
 * Headless Chromium with third-party storage partitioning on, as users have it: Playwright's own list of disabled
 * features would deny previews their service worker. The later flag wins.
 */
export function launchBrowser(): Promise<Browser> {
  const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (path) => existsSync(path),
  );
  return chromium.launch({
    ...(existsSync(chromium.executablePath()) || installed === undefined
      ? {}
      : { executablePath: installed }),
    args: ["--no-sandbox", "--disable-features=Translate,MediaRouter,OptimizationHints,AcceptCHFrame"],
  });
}
