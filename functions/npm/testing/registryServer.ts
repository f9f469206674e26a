import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";

/** One version in the registry; `files` default to a package.json. */
export interface TestVersion {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional: boolean }>;
  bin?: string | Record<string, string>;
  os?: string[];
  cpu?: string[];
  deprecated?: string;
  files?: Record<string, string | Uint8Array>;
}

export interface RegistryServer {
  url: string;
  /** Method-less log: "/name", "/name/-/name-1.0.0.tgz". */
  requests: { path: string; authorization: string | undefined }[];
  /** Replaces answers of a path, e.g. by a redirect, damage or an outage. */
  answer: Map<string, { status: number; headers?: Record<string, string>; body?: string | Uint8Array }>;
  close(): Promise<void>;
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, "0")}\0`;
}

/** A tar entry; `type` "0" is a file, "2" a symbolic link. */
export function tarEntry(path: string, content: string | Uint8Array, type = "0"): Uint8Array {
  const data = typeof content === "string" ? Buffer.from(content) : content;
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(data.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write("        ", 148);
  header.write(type, 156);
  header.write("ustar\u000000", 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** A package's tarball. */
export function tarball(files: Record<string, string | Uint8Array>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).map(([path, content]) => tarEntry(`package/${path}`, content));
  return new Uint8Array(gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)])));
}

export function sha512(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}

/** A registry with these packages on a free port, speaking the registry's own protocol. The last version is `latest`. */
export async function startRegistryServer(
  packages: Record<string, Record<string, TestVersion>>,
): Promise<RegistryServer> {
  const requests: RegistryServer["requests"] = [];
  const answer: RegistryServer["answer"] = new Map();
  const tarballs = new Map<string, Uint8Array>();
  const server = createServer((request: IncomingMessage, response) => {
    const path = decodeURIComponent(request.url ?? "/");
    requests.push({ path, authorization: request.headers.authorization });
    const special = answer.get(path);
    const known = special === undefined ? (tarballs.get(path) ?? packument(path.slice(1))) : special.body;
    response.writeHead(special?.status ?? (known === undefined ? 404 : 200), {
      "content-type": "application/json",
      ...special?.headers,
    });
    response.end(known ?? "{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;

  function packument(name: string): string | undefined {
    const versions = packages[name];
    if (versions === undefined) return undefined;
    const entries = Object.entries(versions).map(([version, { files, ...manifest }]) => {
      const bytes = tarball({ "package.json": JSON.stringify({ name, version }), ...files });
      const path = `/${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
      tarballs.set(path, bytes);
      return [
        version,
        { name, version, ...manifest, dist: { tarball: url + path, integrity: sha512(bytes) } },
      ];
    });
    const body = {
      name,
      "dist-tags": { latest: Object.keys(versions).at(-1) },
      versions: Object.fromEntries(entries),
    };
    return JSON.stringify(body);
  }
  // Tarballs exist before their packument is asked for, as in a lock file's installation.
  for (const name of Object.keys(packages)) packument(name);

  return {
    url,
    requests,
    answer,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
