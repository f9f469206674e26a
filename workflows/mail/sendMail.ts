import { createTransport } from "nodemailer";
import { CoderError } from "../../shared/errors.ts";
import type { StepSettings } from "../steps/step.ts";

export interface MailMessage {
  /** Names the message: a mailbox that gets it twice shows it once. */
  id: string;
  to: readonly string[];
  subject: string;
  text: string;
}

const timeoutMs = 20_000;

/**
 * Sends a message through the SMTP server of the settings; without one it goes to the stack's own mail page, where a
 * local installation shows what it would have sent.
 * @throws CoderError `unavailable` with the server's answer.
 */
export async function sendMail(settings: StepSettings, message: MailMessage): Promise<void> {
  if (message.to.length === 0) return;
  try {
    if (settings.smtp === undefined) await keepLocally(settings, message);
    else await deliver(settings.smtp, message);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CoderError("unavailable", `The mail could not be sent: ${reason}`, { cause });
  }
}

async function deliver(smtp: { url: string; from: string }, message: MailMessage): Promise<void> {
  const timeouts = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs };
  const transport = createTransport({ url: smtp.url, ...timeouts });
  try {
    // Bcc: members need not learn each other's addresses.
    await transport.sendMail({
      from: smtp.from,
      to: smtp.from,
      bcc: [...message.to],
      subject: message.subject,
      text: message.text,
      messageId: `<${message.id}@coder>`,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  } finally {
    transport.close();
  }
}

async function keepLocally(settings: StepSettings, { to, subject, text }: MailMessage): Promise<void> {
  for (const address of to) {
    const response = await fetch(`${settings.url}/local/mail`, {
      method: "POST",
      headers: { authorization: `Bearer ${settings.serviceKey}`, "content-type": "application/json" },
      body: JSON.stringify({ to: address, subject, text }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (response.status === 404)
      throw new Error("this installation has no mail server: set CODER_SMTP_URL on the worker");
    if (!response.ok) throw new Error(`the mail page answered ${response.status}`);
  }
}
