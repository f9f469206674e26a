import "./processGlobal.ts";
import type { KernelEvent, KernelInit, KernelRequest } from "./kernelProtocol.ts";

/**
 * The kernel's worker. Its parts load after the first message handler is attached, so nothing that the page sends
 * while it boots is lost.
 */
const emit = (event: KernelEvent, transfer: Transferable[] = []): void => postMessage(event, { transfer });

const early: KernelRequest[] = [];
let deliver = (message: KernelRequest): void => void early.push(message);

globalThis.onmessage = (event: MessageEvent<KernelInit | KernelRequest>) => {
  if (event.data.type === "init") void boot(event.data);
  else deliver(event.data);
};

async function boot(init: KernelInit): Promise<void> {
  try {
    const { Kernel } = await import("./kernel.ts");
    const kernel = await Kernel.boot(init, emit);
    deliver = (message) => void kernel.handle(message);
    for (const message of early) deliver(message);
  } catch (thrown) {
    emit({
      type: "boot-failed",
      message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    });
  }
}
