import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { AuditHead } from "../../../shared/audit/auditLine.ts";
import { verifyAuditChain } from "../../../shared/audit/verifyAuditChain.ts";
import { CoderError } from "../../../shared/errors.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../exitCodes.ts";

interface VerifyOptions {
  expect?: string;
  json?: true;
}

export function addAudit(program: Command, cli: Cli): void {
  const audit = program.command("audit").description("check an export of the audit log");
  audit
    .command("verify <export>")
    .description("find a line that was changed, left out, moved or cut off; needs no server")
    .option("--expect <entry:hash>", "the last entry as it was noted elsewhere, such as 120:9f86d0…")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nThe export is a file, or - for standard input.\n\nExamples:\n  coder audit verify export.jsonl\n\nEnds with 1 if the export is not what was recorded.",
    )
    .action(async (file: string, options: VerifyOptions) => {
      process.exitCode = await verify(cli, file, options);
    });
}

async function verify(cli: Cli, file: string, options: VerifyOptions): Promise<number> {
  const { output } = cli;
  const expected = options.expect === undefined ? undefined : readHead(options.expect);
  const input = file === "-" ? process.stdin : createReadStream(await existing(cli, file));
  const verdict = await verifyAuditChain(createInterface({ input, crlfDelay: Infinity }), expected);
  if (options.json) output.json(verdict);
  else if (verdict.ok) {
    const { seq, hash } = verdict.head;
    output.print(
      `${output.style("green", "✓")} ${verdict.entries} entries, unbroken. The last one is ${seq}:${hash}`,
    );
  } else output.print(`${output.style("red", "✗")} Line ${verdict.line}: ${verdict.problem}`);
  return verdict.ok ? exitCodes.ok : exitCodes.failed;
}

async function existing({ cwd }: Cli, file: string): Promise<string> {
  const path = resolve(cwd, file);
  await access(path).catch((cause: unknown) => {
    throw new CoderError("not_found", `There is no file ${file}`, { cause });
  });
  return path;
}

function readHead(text: string): AuditHead {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match === null)
    throw new CoderError("bad_input", `"${text}" is not an entry and its hash, such as 120:9f86d0…`);
  const [, seq, hash = ""] = match;
  return { seq: Number(seq), hash };
}
