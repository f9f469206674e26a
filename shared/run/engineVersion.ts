/**
 * Version of the engine's meaning of a workflow file, pinned in every run. A run of version 1 has every step in a workflow
 * of its own; from 2 on a step that needs no sandbox is part of the run's where nothing else could go on beside it.
 */
export const engineVersion = "2";
