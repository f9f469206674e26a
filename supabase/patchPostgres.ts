import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { CoderError } from "../shared/errors.ts";

/**
 * postgres.js 3.4.9 goes on using a connection that was lost while somebody held it (porsager/postgres issues 1154 and 1208,
 * pull request 1209 is not released). When Postgres goes away, the `rollback` of every `sql.begin` throws from a
 * `setImmediate`, which nothing can catch and which ends the process; a released reservation puts the dead connection back
 * among the open ones, where every later query fails. This puts the fixes into the installed package.
 */
const fixes = [
  {
    // A write without a socket fails its query. `true`: the caller must not count the connection as busy.
    file: "connection.js",
    before: "    const x = socket.write(chunk, fn)\n",
    after: `    if (socket === null) {
      nextWriteTimer !== null && clearImmediate(nextWriteTimer)
      chunk = nextWriteTimer = null
      error(Errors.connection('CONNECTION_CLOSED', options))
      return true
    }
    const x = socket.write(chunk, fn)
`,
  },
  {
    // The farewell of a server that shuts down has no end of query after it; kept, it would fail the first query of the next connection.
    file: "connection.js",
    before: "    remaining = 0\n    incomings = null\n    clearImmediate(nextWriteTimer)\n",
    after:
      "    remaining = 0\n    incomings = null\n    errorResponse = null\n    clearImmediate(nextWriteTimer)\n",
  },
  {
    // A reservation whose connection was closed (which clears or replaces c.reserved) holds nothing any more.
    file: "index.js",
    before: `    c.reserved.release = true

    const sql = Sql(handler)
    sql.release = () => {
      c.reserved = null
      onopen(c)
    }

    return sql

    function handler(q) {
      c.queue === full
`,
    after: `    c.reserved.release = true
    const held = c.reserved

    const sql = Sql(handler)
    sql.release = () => {
      if (c.reserved !== held) return
      c.reserved = null
      onopen(c)
    }

    return sql

    function handler(q) {
      if (c.reserved !== held) return q.reject(Errors.connection('CONNECTION_CLOSED', options))
      c.queue === full
`,
  },
  {
    // The same for a transaction: its rollback must not reach a connection that somebody else has by now.
    file: "index.js",
    before: `        q.catch(e => uncaughtError || (uncaughtError = e))
        c.queue === full
`,
    after: `        q.catch(e => uncaughtError || (uncaughtError = e))
        if (c.reserved !== held) return q.reject(Errors.connection('CONNECTION_CLOSED', options))
        c.queue === full
`,
  },
  {
    file: "index.js",
    before: `    let savepoints = 0
      , connection
      , prepare = null
`,
    after: `    let savepoints = 0
      , connection
      , held = null
      , prepare = null
`,
  },
  {
    file: "index.js",
    before: `        ? c.execute(queries.shift())
        : move(c, reserved)
    }
  }

  function move(`,
    after: `        ? c.execute(queries.shift())
        : move(c, reserved)
      held = c.reserved
    }
  }

  function move(`,
  },
];

const installed = fileURLToPath(new URL("../node_modules/postgres/", import.meta.url));
/** For `import` and for `require`. */
const builds = ["src/", "cjs/src/"];

/** Fixes the installed package; does nothing where that is done. @throws CoderError `internal` for a source it does not know. */
export async function patchPostgres(packageDirectory = installed): Promise<void> {
  for (const build of builds) {
    for (const { file, before, after } of fixes) {
      const path = `${packageDirectory}${build}${file}`;
      const source = await readFile(path, "utf8");
      if (source.includes(after)) continue;
      if (source.split(before).length !== 2) {
        throw new CoderError(
          "internal",
          `${path} is not the postgres.js that supabase/patchPostgres.ts knows; see whether the fix is still needed.`,
        );
      }
      await writeFile(
        path,
        source.replace(before, () => after),
      );
    }
  }
}
