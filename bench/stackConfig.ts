/** What the stack tells the Studio about itself. */
export async function loadConfig(url: string): Promise<{ anonKey: string }> {
  const response = await fetch(`${url}/local/config.json`);
  if (!response.ok) throw new Error(`The stack's configuration answered ${response.status}`);
  return (await response.json()) as { anonKey: string };
}
