import { openPlainSandbox } from "./plain.ts";
import { describeSandbox } from "./sandbox.contract.ts";

describeSandbox("no sandbox (CODER_SANDBOX=none)", openPlainSandbox);
