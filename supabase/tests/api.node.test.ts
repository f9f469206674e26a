import { describeApi } from "../../functions/contract/api.contract.ts";
import { startApiFixture, startNodeApi } from "./apiFixture.ts";

describeApi("Node", () => startApiFixture(startNodeApi));
