/** Where `previewOrigin.build.ts` puts the kernel. */
const kernelUrl = "/runtime/kernel.js";

let ahead: Worker | undefined;

function load(): Worker {
  return new Worker(kernelUrl, { type: "module", name: "coder-kernel" });
}

/** Loads a kernel before it is known for which project: it waits to be told. */
export function loadKernelAhead(): void {
  const worker = load();
  // Whoever takes one then loads another, and hears what is wrong.
  worker.addEventListener("error", () => {
    if (ahead === worker) ahead = undefined;
  });
  ahead = worker;
}

/** A kernel that nobody has yet. */
export function takeKernelWorker(): Worker {
  const worker = ahead ?? load();
  ahead = undefined;
  return worker;
}
