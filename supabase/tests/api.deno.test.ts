import { describeApi } from "../../functions/api.contract.ts";
import { startApiFixture, startDenoApi } from "./apiFixture.ts";

describeApi("Deno", () => startApiFixture(startDenoApi));
