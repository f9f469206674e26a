/** Builtins that need an operating system, with the names programs import. Using one says where it works. */
const names: Record<string, string> = {
  child_process: "exec execFile execFileSync execSync fork spawn spawnSync ChildProcess",
  cluster: "fork isPrimary isMaster isWorker workers",
  dgram: "createSocket Socket",
  dns: "lookup resolve resolve4 resolve6 reverse promises",
  "dns/promises": "lookup resolve",
  http: "createServer request get Agent Server IncomingMessage ServerResponse ClientRequest OutgoingMessage STATUS_CODES METHODS globalAgent",
  http2: "createServer createSecureServer connect constants",
  https: "createServer request get Agent Server globalAgent",
  inspector: "open close url Session",
  net: "createServer connect createConnection Socket Server isIP isIPv4 isIPv6",
  repl: "start REPLServer",
  tls: "connect createServer TLSSocket Server createSecureContext",
  v8: "serialize deserialize getHeapStatistics",
  vm: "runInContext runInNewContext runInThisContext createContext Script",
  zlib: "gzip gunzip gzipSync gunzipSync deflate inflate deflateSync inflateSync createGzip createGunzip createDeflate createInflate brotliCompressSync brotliDecompressSync constants",
};

function unavailable(module: string, name: string): () => never {
  // A plain function, so that `class X extends Server` can still be declared by libraries that never use it.
  return function missing(): never {
    throw Object.assign(
      new Error(
        `${module}.${name} does not work in the browser runtime. Run this in a workflow or in the server workspace.`,
      ),
      { code: "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM" },
    );
  };
}

/** The modules that are only there to be imported. */
export function createUnavailableModules(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(names).map(([module, list]) => [
      module,
      Object.fromEntries(list.split(" ").map((name) => [name, unavailable(module, name)])),
    ]),
  );
}
