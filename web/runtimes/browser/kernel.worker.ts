import { Kernel } from "./kernel.ts";
import type { KernelEvent, KernelInit, KernelRequest } from "./kernelProtocol.ts";

/** The kernel's worker. What the page sends while it boots waits for it. */
const emit = (event: KernelEvent, transfer: Transferable[] = []): void => postMessage(event, { transfer });

const early: KernelRequest[] = [];
let deliver = (message: KernelRequest): void => void early.push(message);

globalThis.onmessage = (event: MessageEvent<KernelInit | KernelRequest>) => {
  if (event.data.type === "init") void boot(event.data);
  else deliver(event.data);
};

async function boot(init: KernelInit): Promise<void> {
  try {
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
