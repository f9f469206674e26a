import { CoderError } from "../../../../../shared/errors.ts";
import type { ProjectFs } from "../../kernelParts.ts";
import { readManifest } from "../../packages/manifest.ts";
import { isLockingInstaller } from "../../packages/lockUpdate.ts";
import type { Manifest } from "../../packages/manifest.ts";
import { quoteArguments } from "../splitList.ts";
import type { Tool, ToolContext } from "../tool.ts";

const help = `npm in the browser runtime:
  npm install [package…] [-D]   install what package.json lists, or add packages
  npm uninstall package…        remove packages
  npm run [script] [-- args]    run a script, or list them
  npm test | npm start          the scripts of that name
  npm ls                        what is installed
Everything else runs in the server workspace.
`;

function requireManifest(fs: ProjectFs): Manifest {
  const project = readManifest(fs);
  if (project === undefined)
    throw new CoderError(
      "not_found",
      "there is no package.json in the project. Create one with: npm init -y",
    );
  return project.manifest;
}

function writeManifest(fs: ProjectFs, manifest: Manifest): void {
  fs.writeFile("package.json", `${JSON.stringify(manifest, null, 2)}\n`);
}

async function installAll({ parts, out, signal }: ToolContext): Promise<void> {
  let shown = "";
  const result = await parts.installer.install({
    fs: parts.fs,
    signal,
    onProgress: ({ phase, done, total, message }) => {
      const text =
        phase === "resolving" ? "resolving packages" : total === 0 ? "" : `${done}/${total} ${message}`;
      if (text === shown) return;
      shown = text;
      out.stderr(`\r\u001b[K${text}`);
    },
  });
  out.stderr("\r\u001b[K");
  const seconds = (result.ms / 1000).toFixed(1);
  out.stdout(
    `${result.installed.length} packages in ${seconds} s, ${result.fromCache} of them from the cache\n`,
  );
}

/** An existing lock file follows package.json, so that `npm ci` on a server accepts the project. */
async function followLock({ parts, signal, out }: ToolContext): Promise<void> {
  if (!isLockingInstaller(parts.installer) || !parts.fs.exists("package-lock.json")) return;
  out.stderr("updating package-lock.json");
  await parts.installer.updateLock(parts.fs, signal);
  out.stderr("\r\u001b[K");
}

/** "name", "name@range", "@scope/name@range". */
function splitSpec(text: string): { name: string; range: string } {
  const at = text.lastIndexOf("@");
  return at > 0 ? { name: text.slice(0, at), range: text.slice(at + 1) } : { name: text, range: "latest" };
}

async function addPackages(specs: string[], isDev: boolean, context: ToolContext): Promise<void> {
  const { fs } = context.parts;
  const before = fs.readText("package.json");
  const manifest = requireManifest(fs);
  const field = isDev ? "devDependencies" : "dependencies";
  const other = isDev ? "dependencies" : "devDependencies";
  const wanted = specs.map(splitSpec);
  for (const { name, range } of wanted) {
    manifest[field] = { ...manifest[field], [name]: range };
    if (manifest[other] !== undefined) delete manifest[other][name];
  }
  writeManifest(fs, manifest);
  try {
    await installAll(context);
    // A tag is written down as the range npm would save: compatible with the version that was found.
    for (const { name, range } of wanted) {
      const version = installedVersion(fs, name);
      const isTag = /^[a-z]/i.test(range);
      if (isTag && version !== undefined) manifest[field] = { ...manifest[field], [name]: `^${version}` };
    }
    manifest[field] = Object.fromEntries(
      Object.entries(manifest[field] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    writeManifest(fs, manifest);
    await followLock(context);
  } catch (error) {
    fs.writeFile("package.json", before);
    throw error;
  }
}

function installedVersion(fs: ProjectFs, name: string): string | undefined {
  const path = `node_modules/${name}/package.json`;
  if (!fs.exists(path)) return undefined;
  const { version } = JSON.parse(fs.readText(path)) as { version?: string };
  return version;
}

async function removePackages(names: string[], context: ToolContext): Promise<void> {
  const { fs } = context.parts;
  const manifest = requireManifest(fs);
  for (const name of names) {
    for (const field of ["dependencies", "devDependencies", "optionalDependencies"] as const) {
      if (manifest[field] !== undefined) delete manifest[field][name];
    }
  }
  writeManifest(fs, manifest);
  await followLock(context);
  await installAll(context);
}

async function runScript(name: string, args: string[], context: ToolContext): Promise<number> {
  const manifest = requireManifest(context.parts.fs);
  const scripts = manifest.scripts ?? {};
  const script = scripts[name];
  if (script === undefined) {
    const known = Object.keys(scripts);
    const advice = known.length === 0 ? "package.json has no scripts." : `Scripts: ${known.join(", ")}.`;
    context.out.stderr(`npm: there is no script "${name}". ${advice}\n`);
    return 1;
  }
  const env = {
    npm_lifecycle_event: name,
    npm_package_name: manifest.name ?? "",
    npm_package_version: manifest.version ?? "",
    npm_config_user_agent: "npm",
  };
  for (const [step, line] of [
    [`pre${name}`, scripts[`pre${name}`]],
    [name, args.length === 0 ? script : `${script} ${quoteArguments(args)}`],
    [`post${name}`, scripts[`post${name}`]],
  ]) {
    if (line === undefined) continue;
    context.out.stdout(`\n> ${step}\n> ${line}\n\n`);
    const code = await context.run(line, {
      cwd: "/project",
      env: { ...env, npm_lifecycle_event: step ?? name },
    });
    if (code !== 0) return code;
  }
  return 0;
}

function listScripts(context: ToolContext): number {
  const scripts = Object.entries(requireManifest(context.parts.fs).scripts ?? {});
  context.out.stdout(scripts.map(([name, line]) => `  ${name}\n    ${line}\n`).join(""));
  return 0;
}

function listPackages({ parts, out }: ToolContext): number {
  const manifest = requireManifest(parts.fs);
  out.stdout(`${manifest.name ?? "project"}@${manifest.version ?? "0.0.0"} /project\n`);
  let missing = 0;
  for (const [name, range] of Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
  }).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const version = installedVersion(parts.fs, name);
    if (version === undefined) missing += 1;
    out.stdout(
      version === undefined ? `├── ${name}@${range} (not installed here)\n` : `├── ${name}@${version}\n`,
    );
  }
  if (missing > 0)
    out.stdout("Tools that the browser runtime brings itself, or cannot run, are not installed.\n");
  return 0;
}

function init({ parts, out }: ToolContext): number {
  if (parts.fs.exists("package.json")) throw new CoderError("conflict", "package.json exists already.");
  writeManifest(parts.fs, {
    name: "project",
    version: "1.0.0",
    type: "module",
    scripts: {},
    dependencies: {},
  });
  out.stdout("Wrote package.json\n");
  return 0;
}

/** `npm`: the subcommands that make sense where the registry is a proxy and scripts run in this shell. */
export const npmTool: Tool = {
  name: "npm",
  async run(args, context) {
    const dashes = args.indexOf("--");
    const own = dashes === -1 ? args : args.slice(0, dashes);
    const passed = dashes === -1 ? [] : args.slice(dashes + 1);
    const flags = own.filter((word) => word.startsWith("-"));
    const [command, ...words] = own.filter((word) => !word.startsWith("-"));
    const isDev = flags.some((flag) => flag === "-D" || flag === "--save-dev");
    switch (command) {
      case "install":
      case "i":
      case "add":
      case "ci":
        if (words.length > 0 && command !== "ci") await addPackages(words, isDev, context);
        else await installAll(context);
        return 0;
      case "uninstall":
      case "remove":
      case "rm":
      case "un":
        await removePackages(words, context);
        return 0;
      case "run":
      case "run-script":
        return words[0] === undefined
          ? listScripts(context)
          : runScript(words[0], [...words.slice(1), ...passed], context);
      case "test":
      case "t":
        return runScript("test", passed, context);
      case "start":
        return runScript("start", passed, context);
      case "exec":
        return context.run(quoteArguments(["npx", ...words, ...passed]));
      case "ls":
      case "list":
        return listPackages(context);
      case "init":
        return init(context);
      default:
        if (flags.includes("-v") || flags.includes("--version")) {
          context.out.stdout("11.0.0 (browser runtime)\n");
          return 0;
        }
        context.out.stdout(help);
        return command === undefined || command === "help" ? 0 : 1;
    }
  },
};
