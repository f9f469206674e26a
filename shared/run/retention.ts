/** How long records are kept where nobody has said otherwise, in days; the same numbers are in private.retention_of. */
export const defaultRetention = {
  logDays: 90,
  artifactDays: 90,
  runDays: 400,
  deliveryDays: 30,
  deploymentDays: 90,
  /** Of each site, whatever their age. */
  deploymentsKept: 10,
};
