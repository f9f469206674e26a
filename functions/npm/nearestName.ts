/** Names people most often mean; the known part of a "did you mean" without asking anybody. */
const popular = (
  "react react-dom react-router react-router-dom react-hook-form react-icons react-query react-redux redux zustand jotai immer preact " +
  "vue vue-router pinia svelte solid-js @solidjs/router lit alpinejs angular jquery lodash lodash-es underscore ramda date-fns dayjs " +
  "moment luxon axios ky express koa fastify hono zod yup joi ajv nanoid uuid clsx classnames tailwindcss postcss autoprefixer sass " +
  "styled-components @emotion/react @mui/material framer-motion motion gsap three d3 chart.js recharts echarts typescript vite vitest " +
  "esbuild rollup webpack jest eslint prettier lucide-react lucide-vue-next lucide-solid lucide-svelte @tanstack/react-query " +
  "@tanstack/react-table @supabase/supabase-js firebase socket.io-client rxjs marked markdown-it highlight.js prismjs i18next " +
  "react-i18next swr graphql @apollo/client mobx xstate chalk commander yargs dotenv debug semver ms left-pad concurrently nodemon"
).split(" ");

/** Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`: optimal string alignment distance. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (rows[i - 1]?.[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min((rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? Number.POSITIVE_INFINITY;
}

/** The known package name closest to a mistyped one, or undefined when nothing is close. `known` adds candidates. */
export function nearestName(name: string, known: Iterable<string> = []): string | undefined {
  const allowed = name.length <= 4 ? 1 : Math.min(3, Math.floor(name.length / 3));
  let best: { name: string; distance: number } | undefined;
  for (const candidate of [...popular, ...known]) {
    if (candidate === name || Math.abs(candidate.length - name.length) > allowed) continue;
    const distance = editDistance(name, candidate);
    if (distance <= allowed && (best === undefined || distance < best.distance))
      best = { name: candidate, distance };
  }
  return best?.name;
}
