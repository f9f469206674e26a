/** What whoever started the stack is told, beside the line that says that it is ready. */
export function logLine(line: string): void {
  process.stderr.write(`${line}\n`);
}
