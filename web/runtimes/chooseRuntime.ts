import type { Runtime, RuntimeOptions } from "./runtime.ts";

interface ChooseRuntimeOptions extends RuntimeOptions {
  /** From `/local/config.json`: present where the operator wants WebContainers tried. */
  webcontainer?: { apiKey?: string };
  bootDeadlineMs?: number;
}

/** Said by an earlier attempt on this page: a second one would cost its whole deadline again. A reload asks anew. */
let isUnreachable = false;

/**
 * The runtime for a project in this browser: a WebContainer where the operator configured one and it can be reached,
 * else the built-in runtime. Never rejects for want of a WebContainer; only the chosen one is downloaded. Call it as
 * soon as a project is in sight: the built-in runtime boots while the rest of the page loads.
 */
export async function chooseRuntime(options: ChooseRuntimeOptions): Promise<Runtime> {
  const { webcontainer, bootDeadlineMs, ...runtimeOptions } = options;
  if (webcontainer !== undefined && globalThis.crossOriginIsolated && !isUnreachable) {
    const { createWebContainerRuntime } = await import("./webcontainer.ts");
    try {
      return await createWebContainerRuntime({
        ...runtimeOptions,
        ...(webcontainer.apiKey === undefined ? {} : { apiKey: webcontainer.apiKey }),
        ...(bootDeadlineMs === undefined ? {} : { bootDeadlineMs }),
      });
    } catch (thrown) {
      isUnreachable = true;
      // The one error that has a remedy here; the built-in runtime needs nothing from outside.
      console.info("WebContainers are not available, using the built-in runtime:", thrown);
    }
  }
  const { createBrowserRuntime } = await import("./browser/browserRuntime.ts");
  return createBrowserRuntime(runtimeOptions);
}
