/** Version of the engine's meaning of a workflow file, pinned in every run. */
export const engineVersion = "1";
