/** How a project of one kind is installed, tested and built; null where the stack, or this project, has no such thing. */
export interface Stack {
  name: string;
  install: string | null;
  test: string | null;
  build: string | null;
  lint: string | null;
  /** Raises dependencies within what the manifest allows. */
  update: string | null;
  /** Raises dependencies with known vulnerabilities. */
  repair: string | null;
  publish: string | null;
  /** Hosts that these commands reach, for `policies.network.allowed_domains`. */
  domains: readonly string[];
}

const manifests = {
  npm: {
    install: "npm ci",
    run: "npm run",
    update: "npm update",
    repair: "npm audit fix",
    publish: "npm publish",
  },
  pnpm: {
    install: "corepack pnpm install --frozen-lockfile",
    run: "corepack pnpm run",
    update: "corepack pnpm update",
    repair: "corepack pnpm audit --fix && corepack pnpm install --no-frozen-lockfile",
    publish: "corepack pnpm publish --no-git-checks",
  },
  yarn: {
    install: "corepack yarn install --immutable",
    run: "corepack yarn run",
    update: "corepack yarn up '*'",
    repair: null,
    publish: "corepack yarn npm publish",
  },
  bun: {
    install: "bun install --frozen-lockfile",
    run: "bun run",
    update: "bun update",
    repair: null,
    publish: "bun publish",
  },
} as const;

const others: readonly { file: string; stack: Stack }[] = [
  {
    file: "Cargo.toml",
    stack: {
      name: "Rust",
      install: "cargo fetch",
      test: "cargo test",
      build: "cargo build --release",
      lint: "cargo clippy -- -D warnings",
      update: "cargo update",
      repair: null,
      publish: "cargo publish",
      domains: ["index.crates.io", "static.crates.io", "crates.io"],
    },
  },
  {
    file: "go.mod",
    stack: {
      name: "Go",
      install: "go mod download",
      test: "go test ./...",
      build: "go build ./...",
      lint: "go vet ./...",
      update: "go get -u ./... && go mod tidy",
      repair: null,
      publish: null,
      domains: ["proxy.golang.org", "sum.golang.org"],
    },
  },
  {
    file: "pyproject.toml",
    stack: python("python -m venv .venv && .venv/bin/pip install ."),
  },
  {
    file: "requirements.txt",
    stack: python("python -m venv .venv && .venv/bin/pip install -r requirements.txt"),
  },
];

function python(install: string): Stack {
  return {
    name: "Python",
    install,
    test: ".venv/bin/python -m pytest --junitxml=reports/junit.xml",
    build: null,
    lint: null,
    update: null,
    repair: null,
    publish: null,
    domains: ["pypi.org", "files.pythonhosted.org"],
  };
}

/**
 * The stack of a project by the files at its root.
 * @param files Paths of the repository. @param manifest Text of package.json, whose scripts say what there is to run.
 */
export function detectStack(files: readonly string[], manifest?: string): Stack {
  const has = (path: string): boolean => files.includes(path);
  const other = others.find(({ file }) => has(file));
  if (!has("package.json") && other !== undefined) return other.stack;
  const manager = has("pnpm-lock.yaml")
    ? "pnpm"
    : has("yarn.lock")
      ? "yarn"
      : has("bun.lock") || has("bun.lockb")
        ? "bun"
        : "npm";
  const { install, run, update, repair, publish } = manifests[manager];
  const scripts = scriptsOf(manifest);
  const script = (name: string): string | null => (scripts.includes(name) ? `${run} ${name}` : null);
  return {
    name: `Node (${manager})`,
    install: manager === "npm" && !has("package-lock.json") ? "npm install" : install,
    test: script("test"),
    build: script("build"),
    lint: script("lint"),
    update,
    repair,
    publish,
    domains: ["registry"],
  };
}

/** Whether the files tell of a stack at all; of those that do not, `detectStack` takes npm's. */
export function tellsStack(files: readonly string[]): boolean {
  return ["package.json", ...others.map(({ file }) => file)].some((file) => files.includes(file));
}

function scriptsOf(manifest: string | undefined): string[] {
  if (manifest === undefined) return [];
  try {
    const { scripts } = JSON.parse(manifest) as { scripts?: unknown };
    return typeof scripts === "object" && scripts !== null ? Object.keys(scripts) : [];
  } catch {
    // Somebody's manifest in the middle of an edit: nothing is known of its scripts.
    return [];
  }
}
