import { createHash } from "node:crypto";
import { verify as verifyForge } from "@octokit/webhooks-methods";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

/** A request as it came: nothing of it is parsed before it is known to be signed. */
export interface Signed {
  headers: Headers;
  text: string;
}

/** The delivery's id, or which rule refuses it. */
export type Signature = { id: string } | { refused: "headers" | "timestamp" | "signature" | "secret" };

/**
 * Verifies the Standard Webhooks scheme (https://www.standardwebhooks.com: `webhook-id`, `webhook-timestamp` within five
 * minutes, `webhook-signature`), or the forges' own (`x-hub-signature-256`). A forge signs its body but not its delivery
 * id: there the id is the hash of the signature, or who has seen one delivery could repeat it under another id.
 */
export async function verifySignature(secret: string, message: Signed): Promise<Signature> {
  const hub = message.headers.get("x-hub-signature-256");
  return hub === null ? verifyStandard(secret, message) : verifyHub(secret, message.text, hub);
}

function verifyStandard(secret: string, { headers, text }: Signed): Signature {
  const id = headers.get("webhook-id") ?? "";
  const timestamp = headers.get("webhook-timestamp") ?? "";
  const signature = headers.get("webhook-signature") ?? "";
  if (!/^[\w.:-]{1,200}$/.test(id) || !/^\d{1,12}$/.test(timestamp) || signature === "")
    return { refused: "headers" };
  const webhook = webhookOf(secret);
  if (webhook === undefined) return { refused: "secret" };
  try {
    const sent = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
    webhook.verify(text, sent, { jsonParse: false });
    return { id };
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    return { refused: /timestamp/i.test(error.message) ? "timestamp" : "signature" };
  }
}

/** `whsec_…` is base64, as the scheme has it; any other secret counts as the bytes of its text. */
function webhookOf(secret: string): Webhook | undefined {
  if (!secret.startsWith("whsec_")) return new Webhook(new TextEncoder().encode(secret), { format: "raw" });
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret) || (secret.length - 6) % 4 !== 0) return undefined;
  return new Webhook(secret);
}

async function verifyHub(secret: string, text: string, signature: string): Promise<Signature> {
  if (!/^sha256=[0-9a-f]{64}$/.test(signature)) return { refused: "headers" };
  // The library takes no empty text.
  if (text === "" || !(await verifyForge(secret, text, signature))) return { refused: "signature" };
  return { id: `hub-${createHash("sha256").update(signature).digest("hex")}` };
}
