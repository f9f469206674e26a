/** Where a delivery comes from, in words. */
export const sourceWords = {
  repo: "Repository",
  webhook: "Webhook",
  cron: "Schedule",
  workflow: "Workflow",
} as const;

export const deliverySources = ["repo", "webhook", "cron", "workflow"] as const;
export type DeliverySource = (typeof deliverySources)[number];
