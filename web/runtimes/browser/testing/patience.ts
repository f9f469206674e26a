/** How long a test polls for a state before it fails: browsers on a busy machine are slow, never wrong. */
export const patience = { timeout: 20_000, interval: 50 };
