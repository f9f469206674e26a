import { procedure, router } from "../trpc.ts";
import type { Me } from "../views.ts";
import { notYet } from "./notYet.ts";

export const sessionRouter = router({
  me: procedure.query((): Promise<Me> => notYet()),
});
