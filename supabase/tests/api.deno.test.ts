import { describeApi } from "../../functions/contract/api.contract.ts";
import { startApiFixture, startDenoApi } from "./apiFixture.ts";

describeApi("Deno", () => startApiFixture(startDenoApi));
