import type { InstallPlan } from "./installPlan.ts";
import type { PackageCache } from "./packageCache.ts";

/** Install plans by the question that was asked: the last one at hand, others from the cache. */
export class KnownPlans {
  readonly #cache: PackageCache;
  #last: { question: string; plan: InstallPlan } | undefined;

  constructor(cache: PackageCache) {
    this.#cache = cache;
  }

  async get(question: string): Promise<InstallPlan | undefined> {
    if (this.#last?.question === question) return this.#last.plan;
    const plan = await this.#cache.getPlan(await sha256(question));
    if (plan !== undefined) this.#last = { question, plan };
    return plan;
  }

  async put(question: string, plan: InstallPlan): Promise<void> {
    this.#last = { question, plan };
    await this.#cache.putPlan(await sha256(question), plan);
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
