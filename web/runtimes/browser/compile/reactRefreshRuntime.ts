import { source } from "virtual:react-refresh-runtime";

/**
 * The runtime waits 16 ms for other modules of the same update. Here an update's modules are all there before their
 * callbacks run, so its timer, which shadows the global one in this module, ends with the callbacks.
 */
const withoutDelay = `const setTimeout = (run) => {
  const timer = { canceled: false };
  queueMicrotask(() => timer.canceled || run());
  return timer;
};
const clearTimeout = (timer) => {
  if (timer) timer.canceled = true;
};
`;

/** The React Refresh runtime of @vitejs/plugin-react, as a script for previews. */
export const reactRefreshRuntime: string = withoutDelay + source;
