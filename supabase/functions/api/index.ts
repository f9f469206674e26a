import { serve } from "../../../functions/serve.deno.ts";

serve();
