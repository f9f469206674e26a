import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "./postgres.ts";
import { startServer, type LocalServer } from "./server.ts";

const strangers: Server[] = [];
const servers: LocalServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  for (const stranger of strangers.splice(0)) {
    stranger.close();
    await once(stranger, "close");
  }
});

async function take(port: number, host: string): Promise<void> {
  const stranger = createServer().listen(port, host);
  strangers.push(stranger);
  await once(stranger, "listening");
}

async function start(options: Parameters<typeof startServer>[0]): Promise<LocalServer> {
  const server = await startServer(options);
  servers.push(server);
  return server;
}

describe("without a fixed port", () => {
  test("the first one is taken where it is free, on both address families", async () => {
    const firstPort = await freePort();
    const server = await start({ port: undefined, firstPort });
    expect([server.port, server.origin]).toEqual([firstPort, `http://localhost:${firstPort}`]);
    for (const host of ["127.0.0.1", "::1"])
      await expect(take(firstPort, host)).rejects.toThrow("EADDRINUSE");
    strangers.splice(0);
  });

  test.each(["127.0.0.1", "::1"])("the next free one where a stranger has it on %s", async (host) => {
    const firstPort = await freePort();
    await take(firstPort, host);
    const server = await start({ port: undefined, firstPort });
    expect(server.port).toBeGreaterThan(firstPort);
    expect(server.port).toBeLessThanOrEqual(firstPort + 100);
  });

  test("a second server goes past the first", async () => {
    const firstPort = await freePort();
    const one = await start({ port: undefined, firstPort });
    const two = await start({ port: undefined, firstPort });
    expect(two.port).toBeGreaterThan(one.port);
  });
});

test("a fixed port that is taken is not replaced by another", async () => {
  const port = await freePort();
  await take(port, "127.0.0.1");
  await expect(start({ port, firstPort: port + 1 })).rejects.toMatchObject({
    code: "unavailable",
    message: `Port ${port} is taken; stop the program that listens there or set CODER_PORT to another port.`,
  });
});
