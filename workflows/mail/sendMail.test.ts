import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { StepSettings } from "../steps/step.ts";
import { sendMail } from "./sendMail.ts";

/** As much of RFC 5321 as a client needs to hand over one message. */
async function smtpServer(refuse = false) {
  const said: string[] = [];
  const server = createServer((socket: Socket) => {
    let inData = false;
    let rest = "";
    socket.write("220 test ESMTP\r\n");
    socket.on("data", (chunk) => {
      const lines = (rest + chunk.toString()).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        said.push(line);
        if (inData) {
          if (line !== ".") continue;
          inData = false;
          socket.write("250 kept\r\n");
        } else if (line === "DATA") {
          inData = true;
          socket.write("354 go on\r\n");
        } else if (line.startsWith("RCPT") && refuse) socket.write("550 no such mailbox\r\n");
        else if (line === "QUIT") socket.end("221 bye\r\n");
        else socket.write("250 ok\r\n");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { said, url: `smtp://127.0.0.1:${port}` };
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const settings = (smtpUrl: string): StepSettings => ({
  url: "http://localhost:3000",
  serviceKey: "k",
  registry: "http://registry.invalid/",
  workDir: "/tmp",
  smtp: { url: smtpUrl, from: "Coder <coder@example.com>" },
});
const message = {
  id: "one",
  to: ["ada@example.com", "grace@example.com"],
  subject: "Shipped\r\nBcc: evil@example.com",
  text: "Hello\n.\nBye",
};

test("W195 a message goes to each address, without showing it the others, and names itself", async () => {
  const { said, url } = await smtpServer();
  await sendMail(settings(url), message);
  expect(said.filter((line) => line.startsWith("RCPT TO"))).toEqual([
    "RCPT TO:<coder@example.com>",
    "RCPT TO:<ada@example.com>",
    "RCPT TO:<grace@example.com>",
  ]);
  const body = said.slice(said.indexOf("DATA"));
  expect(body).toContain("Message-ID: <one@coder>");
  expect(body.filter((line) => /^(To|Bcc|Cc):/i.test(line))).toEqual(["To: Coder <coder@example.com>"]);
  expect(body).toContain("..");
});

test("W195 what the server refuses is said", async () => {
  const { url } = await smtpServer(true);
  await expect(sendMail(settings(url), message)).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("no such mailbox"),
  });
});

test("W195 a server that is not there is said", async () => {
  await expect(sendMail(settings("smtp://127.0.0.1:1"), message)).rejects.toMatchObject({
    code: "unavailable",
  });
});

test("W195 a message to nobody connects to nothing", async () => {
  await expect(sendMail(settings("smtp://127.0.0.1:1"), { ...message, to: [] })).resolves.toBeUndefined();
});
