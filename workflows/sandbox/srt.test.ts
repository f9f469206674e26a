import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeSandbox, openForTest, plantLink, plantSecret } from "./sandbox.contract.ts";
import type { ReachedHost } from "./sandbox.ts";
import { openSrtSandbox } from "./srt.ts";

describeSandbox("srt", openSrtSandbox);

/** What code that means harm tries from inside. */
let opened: Awaited<ReturnType<typeof openForTest>>;
let secret: string;
const service = createServer((_, response) => response.end("a service of the stack"));
beforeAll(async () => {
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  opened = await openForTest(openSrtSandbox);
  secret = plantSecret(opened, "secrets.json");
});
afterAll(async () => {
  service.close();
  await opened.close();
});
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

test("attack: files outside cannot be read, by path or through a link", async () => {
  plantLink(opened, "link", secret);
  const home = process.env.HOME ?? "/root";
  const { out } = await opened.run(
    `cat ${secret} || true; cat link || true; cat ${opened.options.workDir}/sandbox.json || true; ls -A ${home}; ls -A /home /root /var /run | grep -v : || true`,
  );
  expect(out.trim()).toBe("");
  await expect(opened.sandbox.read("link", 1000)).rejects.toMatchObject({ code: "not_found" });
  await expect(opened.sandbox.read(secret, 1000)).rejects.toMatchObject({ code: "not_found" });
  const shadow = await opened.run("cat /etc/shadow");
  expect(shadow.exitCode).not.toBe(0);
});

test("attack: the source and data of the installation cannot be read", async () => {
  const { out } = await opened.run(
    `ls ${join(import.meta.dirname, "..")} ${process.cwd()}/package.json 2>/dev/null || true`,
  );
  expect(out).toBe("");
});

test("attack: nothing outside can be written", async () => {
  const { out } = await opened.run(
    `for d in / /usr /etc /opt ${opened.root} ${opened.options.workDir} ${opened.options.workDir}/bin; do touch $d/planted 2>/dev/null && echo $d; done; true`,
  );
  for (const directory of out.split("\n").filter(Boolean))
    expect(existsSync(join(directory, "planted"))).toBe(false);
  expect(existsSync(join(opened.root, "planted"))).toBe(false);
});

test("attack: hooks and configuration of the repository cannot be planted, nor .git exchanged", async () => {
  const { out } = await opened.run(
    "echo x > .git/hooks/post-checkout && echo hook; git config core.fsmonitor evil && echo config; mv .git .git2 && echo moved; rm -rf .git/config && echo removed; true",
  );
  expect(out).toBe("");
});

test("attack: a host that is not allowed is refused, by name and by address, past the proxy variables too", async () => {
  const { out } = await opened.run(
    "curl -sS -m 5 https://example.com; curl -sS -m 5 --noproxy '*' https://example.com; curl -sS -m 5 http://93.184.215.14/; node -e \"fetch('https://example.com').then(r=>r.text()).then(t=>console.log('REACHED'+t)).catch(()=>{})\"; true",
  );
  expect(out).not.toContain("REACHED");
  expect(out).not.toContain("Example Domain");
});

test("attack: services of the stack on loopback and on the machine's addresses cannot be reached", async () => {
  const port = portOf(service);
  const { out } = await opened.run(
    `for h in 127.0.0.1 localhost 0.0.0.0 [::1] 2130706433 $(hostname -I 2>/dev/null); do curl -sS -m 3 http://$h:${port}/; curl -sS -m 3 --noproxy '*' http://$h:${port}/; curl -sS -m 3 --noproxy '' http://$h:${port}/; done 2>/dev/null; true`,
  );
  expect(out).not.toContain("a service of the stack");
});

test("attack: metadata addresses are refused", async () => {
  const { out } = await opened.run(
    "for h in 169.254.169.254 100.100.100.200 metadata.google.internal; do curl -sS -m 3 --noproxy '' -o /dev/null -w '%{http_code}\\n' http://$h/latest; done 2>/dev/null; true",
  );
  for (const code of out.split("\n").filter(Boolean)) expect(["000", "403"]).toContain(code);
});

test("attack: the database cannot be reached", async () => {
  const reached: string[] = [];
  const database = createTcpServer((socket) => {
    reached.push(String(socket.remotePort));
    socket.end();
  });
  database.listen(0, "127.0.0.1");
  await once(database, "listening");
  await opened.run(
    `bash -c 'echo > /dev/tcp/127.0.0.1/${portOf(database)}' 2>/dev/null; curl -m 3 -p -x $HTTP_PROXY telnet://127.0.0.1:${portOf(database)} </dev/null 2>/dev/null; curl -m 3 --socks5-hostname 127.0.0.1:1080 http://127.0.0.1:${portOf(database)} 2>/dev/null; true`,
  );
  database.close();
  expect(reached).toEqual([]);
});

test("attack: an allowed host does not open loopback", async () => {
  const other = await openForTest(openSrtSandbox, { allowedDomains: ["example.com", "*.example.org:443"] });
  const { out } = await other.run(
    `curl -sS -m 3 --noproxy '' http://localhost:${portOf(service)}/ http://127.0.0.1:${portOf(service)}/ 2>/dev/null; true`,
  );
  await other.close();
  expect(out).not.toContain("a service of the stack");
});

test("the registry can be reached when it is on this machine, and nothing else there", async () => {
  const registry = `http://localhost:${portOf(service)}/`;
  const other = await openForTest(openSrtSandbox, { allowedDomains: ["registry"], registry });
  const { out } = await other.run(
    `curl -sS -m 5 --noproxy '' ${registry}; curl -sS -m 3 --noproxy '' http://localhost:1/ 2>/dev/null; true`,
  );
  await other.close();
  expect(out).toContain("a service of the stack");
});

test("W246 the proxy tells of each connection that was asked for, in digits or by name, and of no other", async () => {
  const port = portOf(service);
  const registry = `http://localhost:${port}/`;
  const other = await openForTest(openSrtSandbox, { allowedDomains: ["registry"], registry });
  const reached: ReachedHost[] = [];
  const { exitCode } = await other.sandbox.exec({
    command: [
      `curl -sS --noproxy '' ${registry} ${registry}`,
      // 127.0.0.2 as one number, and a name that looks like the registry's.
      "curl -sS --noproxy '' http://2130706434:81/ https://registry.example.com/ http://LOCALHOST.example:82/ || true",
      // Where the proxy says it, nothing inside can write.
      `echo '{"host":"made.up","port":1,"allowed":true}' >&4 || true`,
    ].join("\n"),
    onReached: (one) => reached.push(one),
  });
  await other.close();
  expect(exitCode).toBe(0);
  const names = [...new Set(reached.map((one) => `${one.host}:${one.port} ${one.allowed}`))];
  expect(names[0]).toBe(`localhost:${port} true`);
  expect(names).toHaveLength(4);
  expect(names).toContain("registry.example.com:443 false");
  expect(names.filter((name) => name.endsWith("true"))).toHaveLength(1);
});

test("a word that is no host is refused before anything starts", async () => {
  await expect(openForTest(openSrtSandbox, { allowedDomains: ["*"] })).rejects.toMatchObject({
    code: "bad_input",
  });
  await expect(openForTest(openSrtSandbox, { allowedDomains: ["http://x"] })).rejects.toMatchObject({
    code: "bad_input",
  });
});

test("attack: the worker and its environment cannot be seen, signalled or traced", async () => {
  const marker = `worker-${Math.random()}`;
  const worker = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", marker], {
    env: { SERVICE_KEY: marker },
  });
  await once(worker, "spawn");
  const { out } = await opened.run(
    `cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -v grep | grep -c '${marker.slice(0, -1)}[${marker.slice(-1)}]' || true; kill -9 ${worker.pid} ${process.pid} 2>/dev/null || true;`,
  );
  expect(out.split("\n")[0]).toBe("0");
  expect(worker.exitCode).toBe(null);
  expect(worker.signalCode).toBe(null);
  worker.kill();
});

test("attack: killing everything kills the sandbox alone, and that is said", async () => {
  const other = await openForTest(openSrtSandbox);
  await expect(other.run("kill -9 -1")).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("The sandbox ended"),
  });
  expect(other.sandbox.ended).toBe(true);
  await other.close();
});

test("attack: a command that stops the server cannot outlive its time", async () => {
  const other = await openForTest(openSrtSandbox);
  const startedAt = performance.now();
  const result = await other.sandbox.exec({
    command:
      "for p in /proc/[0-9]*; do if tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '^[^ ]*node .*commandServer'; then kill -STOP ${p#/proc/}; fi; done; sleep 600",
    timeoutMs: 300,
  });
  expect(result.timedOut).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(6000);
  await other.close();
});

test("attack: mounts and namespaces give nothing back", async () => {
  const { out } = await opened.run(
    `umount ${opened.root} 2>/dev/null && echo umounted; unshare -Urm cat ${join(opened.root, "secrets.json")} 2>/dev/null; chroot / cat ${join(opened.root, "secrets.json")} 2>/dev/null; nsenter -t 1 -m cat /etc/shadow 2>/dev/null; mknod d b 8 0 2>/dev/null && cat d 2>/dev/null | head -c 10; true`,
  );
  expect(out).toBe("");
});

test("when the process that opened it is killed, everything inside ends", async () => {
  const holder = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `const { openSrtSandbox } = await import(${JSON.stringify(new URL("./srt.ts", import.meta.url).href)});
       const sandbox = await openSrtSandbox(JSON.parse(process.env.OPTIONS));
       void sandbox.exec({ command: "setsid sleep 62 & while true; do date +%N > beat; sleep 0.02; done" });`,
    ],
    {
      env: { ...process.env, OPTIONS: JSON.stringify({ ...opened.options, runId: "held" }) },
      stdio: "inherit",
    },
  );
  const beat = join(opened.sandbox.repoDir, "beat");
  const read = (): string => (existsSync(beat) ? readFileSync(beat, "utf8") : "");
  await expect.poll(read, { timeout: 10_000 }).not.toBe("");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const still = async (): Promise<boolean> => {
    const before = read();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return before !== "" && read() === before;
  };
  await expect.poll(still, { timeout: 3000 }).toBe(true);
});
