import { createWriteStream, existsSync, statSync } from "node:fs";
import { rename } from "node:fs/promises";

/** Beyond this the log of the last time is put aside at a start, over the one before it. */
const keepBytes = 10 * 1024 * 1024;

/**
 * Takes the worker's log lines (JSON of pino, or anything it prints) into a file. What is an error or worse also goes
 * to `show`, as one readable line: a terminal full of JSON hides what matters.
 */
export async function openWorkerLog(
  file: string,
  show: (line: string) => void,
): Promise<(line: string) => void> {
  if (existsSync(file) && statSync(file).size > keepBytes) await rename(file, `${file}.old`);
  const stream = createWriteStream(file, { flags: "a", mode: 0o600 });
  // A full disk must not end the stack; the lines are then on the terminal.
  let isBroken = false;
  stream.on("error", () => (isBroken = true));
  return (line) => {
    if (isBroken) return show(`worker: ${line}`);
    stream.write(`${line}\n`);
    const shown = readable(line);
    if (shown !== undefined) show(`worker: ${shown} (see ${file})`);
  };
}

function readable(line: string): string | undefined {
  if (!line.startsWith("{")) return line;
  try {
    const entry = JSON.parse(line) as { level?: number; msg?: string; err?: { message?: string } };
    if ((entry.level ?? 0) < 50) return undefined;
    return [entry.msg, entry.err?.message].filter(Boolean).join(": ");
  } catch {
    // Not JSON after all: shown as it is.
    return line;
  }
}
