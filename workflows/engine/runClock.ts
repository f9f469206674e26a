import { DBOS } from "@dbos-inc/dbos-sdk";
import { whenConnected, type Sql } from "./database.ts";
import { databaseTime } from "./sql/databaseTime.ts";

/**
 * The time of a run, by the database: approvals expire by it, every worker has the same, and a clock that jumps on a
 * worker's machine uses up nobody's budget. Milliseconds since the epoch.
 */
export class RunClock {
  readonly #sql: Sql;
  #seen: number | undefined;
  #activeMs = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** How long steps have worked, as far as seen. Waiting for people is not working time. */
  get activeMs(): number {
    return this.#activeMs;
  }

  /** The time as last seen; it is asked for only when nobody has seen any. */
  async seen(): Promise<number> {
    return (this.#seen ??= await this.read());
  }

  /** Asks for the time. Journaled, under the name that DBOS gives its own clock, for the runs from before. */
  read(): Promise<number> {
    return DBOS.runStep(() => whenConnected(() => databaseTime(this.#sql)), { name: "DBOS.now" });
  }

  /** It is `now`; `working`: steps have worked since it was last seen. */
  advance(now: number, working: boolean): void {
    if (working && this.#seen !== undefined) this.#activeMs += now - this.#seen;
    this.#seen = now;
  }
}
