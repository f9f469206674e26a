/*
 * In the place of @sentry/node, which only the command line of @supabase/lite imports, to report its users. Nothing here
 * runs that; without it the installation is 70 MB smaller (docs/decisions/018-what-is-installed.md).
 */
export const sendsNothing = true;
