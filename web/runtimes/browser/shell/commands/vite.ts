import type { PreviewFailure } from "../../../runtime.ts";
import { CoderError } from "../../../../../shared/errors.ts";
import type { Tool, ToolContext } from "../tool.ts";
import { aborted, interruptedCode } from "../tool.ts";

async function serve(context: ToolContext): Promise<number> {
  const startedAt = performance.now();
  const { url } = await context.parts.devServer.start({
    log: (text) => context.out.stdout(text),
    signal: context.signal,
  });
  const ms = Math.round(performance.now() - startedAt);
  context.out.stdout(
    `\n  \u001b[32mready in ${ms} ms\u001b[0m\n\n  \u001b[32m➜\u001b[0m  Preview: \u001b[36m${url}\u001b[0m\n\n`,
  );
  await aborted(context.signal);
  return interruptedCode;
}

function isFailure(details: unknown): details is PreviewFailure {
  return typeof details === "object" && details !== null && "type" in details && "message" in details;
}

function describe(error: CoderError): string {
  if (!isFailure(error.details)) return error.message;
  const { file, line, column, message, detail } = error.details;
  const place =
    file === undefined
      ? ""
      : `${file}${line === undefined ? "" : `:${line}${column === undefined ? "" : `:${column}`}`}\n`;
  return `${place}${message}${detail === undefined ? "" : `\n${detail}`}`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(2)} kB`;
}

async function build({ parts, out }: ToolContext): Promise<number> {
  const startedAt = performance.now();
  try {
    const { files } = await parts.devServer.build();
    if (parts.fs.exists("dist")) parts.fs.rm("dist");
    const paths = Object.keys(files).sort();
    for (const path of paths) {
      const content = files[path] ?? "";
      parts.fs.writeFile(`dist/${path}`, content);
      const size = typeof content === "string" ? new TextEncoder().encode(content).length : content.length;
      out.stdout(`\u001b[2mdist/\u001b[0m${path}  \u001b[2m${kilobytes(size)}\u001b[0m\n`);
    }
    out.stdout(`\u001b[32m✓ built in ${Math.round(performance.now() - startedAt)} ms\u001b[0m\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof CoderError)) throw error;
    out.stderr(`\u001b[31m${describe(error)}\u001b[0m\n`);
    return 1;
  }
}

/** `vite`, `vite dev`, `vite build`: the runtime's own dev server and build behind Vite's command line. */
export const viteTool: Tool = {
  name: "vite",
  async run(args, context) {
    const command = args.find((word) => !word.startsWith("-"));
    if (args.includes("--version") || args.includes("-v")) {
      context.out.stdout("vite (the browser runtime's own dev server)\n");
      return 0;
    }
    if (command === undefined || command === "dev" || command === "serve") return serve(context);
    if (command === "build") return build(context);
    if (command === "preview") {
      context.out.stderr(
        "vite preview: the preview pane shows the project; Share publishes the built files.\n",
      );
      return 1;
    }
    context.out.stderr(`vite: unknown command "${command}".\n`);
    return 1;
  },
};
