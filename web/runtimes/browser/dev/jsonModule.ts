import { buildFailure } from "../buildFailure.ts";

/** JSON as a module: the whole as default export, its keys as named ones. */
export function jsonModule(text: string, file: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw buildFailure({ message: `${file} is not valid JSON: ${(thrown as Error).message}`, file }, thrown);
  }
  const keys = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  const named = keys
    .filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default" && key !== "__proto__")
    .map((key) => `const $${key} = json.${key};export { $${key} as ${key} };`);
  return `const json = ${JSON.stringify(value)};export default json;${named.join("")}`;
}
