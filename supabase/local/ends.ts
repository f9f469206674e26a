import { toCoderError } from "../../shared/errors.ts";
import { logLine } from "./logLine.ts";

/** Ends what has been started, last first; every end is tried, whatever the others do. */
export class Ends {
  readonly #ends: { name: string; end: () => Promise<unknown> }[] = [];

  add(name: string, end: () => Promise<unknown>): void {
    this.#ends.push({ name, end });
  }

  async run(): Promise<void> {
    for (const { name, end } of this.#ends.splice(0).reverse()) {
      await end().catch((error: unknown) =>
        logLine(`${name} did not end well: ${toCoderError(error).message}`),
      );
    }
  }
}
