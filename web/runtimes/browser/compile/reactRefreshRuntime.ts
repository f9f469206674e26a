import { source } from "virtual:react-refresh-runtime";

/** The React Refresh runtime of @vitejs/plugin-react, as a script for previews. */
export const reactRefreshRuntime: string = source;
