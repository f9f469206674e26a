import { plain, type Output } from "./output.ts";

export interface ApprovalShown {
  reason: string;
  action: string | null;
  contentHash: string;
  subject: Record<string, unknown>;
  stepId: string;
  expiresAt: string | null;
}

/** What exactly would happen, and the hash that a decision is bound to. */
export function printApproval(output: Output, approval: ApprovalShown): void {
  output.print(output.style("bold", plain(approval.reason)));
  output.print(`  step     ${plain(approval.stepId)}`);
  if (approval.action !== null) output.print(`  action   ${plain(approval.action)}`);
  for (const [name, value] of Object.entries(approval.subject)) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    output.print(`  ${plain(name).padEnd(8)} ${plain(text)}`);
  }
  output.print(`  hash     ${plain(approval.contentHash)}`);
  if (approval.expiresAt !== null) output.print(`  expires  ${plain(approval.expiresAt)}`);
}
