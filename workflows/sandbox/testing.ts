import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An HTTPS server on this machine that keeps what it is sent, and answers with it. */
export interface HttpsService {
  port: number;
  /** Whole requests: line, headers, body. */
  received: string[];
  /** A bundle with its certificate authority, for NODE_EXTRA_CA_CERTS. */
  caFile: string;
  close(): void;
}

export async function startHttpsService(): Promise<HttpsService> {
  const directory = mkdtempSync(join(tmpdir(), "coder-https-"));
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-days",
    "2",
    "-subj",
    "/CN=Test CA",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.pem"),
  );
  openssl("req", ...key, "-subj", "/CN=localhost", "-keyout", at("key.pem"), "-out", at("request.pem"));
  writeFileSync(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signed = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2"];
  openssl(
    "x509",
    "-req",
    "-in",
    at("request.pem"),
    ...signed,
    "-extfile",
    at("names"),
    "-out",
    at("cert.pem"),
  );
  const before = process.env.NODE_EXTRA_CA_CERTS;
  const others = before === undefined ? "" : readFileSync(before, "utf8");
  writeFileSync(at("bundle.pem"), `${others}\n${readFileSync(at("ca.pem"), "utf8")}`);
  const received: string[] = [];
  const server = createServer({ key: readFileSync(at("key.pem")), cert: readFileSync(at("cert.pem")) });
  server.on("request", (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const whole = `${request.method} ${request.url}\n${JSON.stringify(request.headers)}\n${body}`;
      received.push(whole);
      response.end(whole);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    received,
    caFile: at("bundle.pem"),
    close() {
      server.closeAllConnections();
      server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
