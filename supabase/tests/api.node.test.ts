import { describeApi } from "../../functions/api.contract.ts";
import { startApiFixture, startNodeApi } from "./apiFixture.ts";

describeApi("Node", () => startApiFixture(startNodeApi));
