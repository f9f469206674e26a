import { REALTIME_SUBSCRIBE_STATES } from "@supabase/supabase-js";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { joined, startRealtimeFixture } from "./realtimeFixture.ts";
import type { RealtimeFixture } from "./realtimeFixture.ts";

let fixture: RealtimeFixture;
const memberId = crypto.randomUUID();
const strangerId = crypto.randomUUID();
beforeAll(async () => {
  fixture = await startRealtimeFixture();
  await fixture.sql.unsafe(`
    create table public.seats (team text, user_id uuid, writes boolean);
    alter table public.seats enable row level security;
    create policy "own seats" on public.seats for select to authenticated using (user_id = auth.uid());
    create policy "members hear their team" on realtime.messages for select to authenticated using (
      extension in ('broadcast', 'presence')
      and exists (select from public.seats where 'team:' || team = realtime.topic()));
    create policy "writers write" on realtime.messages for insert to authenticated with check (
      exists (select from public.seats where 'team:' || team = realtime.topic() and writes));
    create policy "presence only" on realtime.messages for select to authenticated
      using (extension = 'presence' and realtime.topic() = 'lobby');
    create policy "a policy with a mistake" on realtime.messages for select to authenticated
      using (realtime.topic() = 'broken' and (1 / (length(realtime.topic()) - 6)) = 1);
    insert into public.seats values ('red', '${memberId}', true), ('blue', '${memberId}', false);
  `);
});
afterAll(() => fixture?.close());

const config = { private: true, broadcast: { ack: true, self: true } } as const;

async function join(topic: string, token?: { value: string }) {
  const client = await fixture.client(token ? { token } : {});
  const heard: string[] = [];
  const system: any[] = [];
  const statuses: string[] = [];
  const channel = client
    .channel(topic, { config })
    .on("broadcast", { event: "*" }, ({ event }) => heard.push(event))
    .on("system", {}, (message) => system.push(message));
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      statuses.push(status);
      if (status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED) resolve();
      else reject(error ?? new Error(status));
    });
  });
  return { client, channel, heard, system, statuses };
}

const tokenOf = async (sub: string, seconds?: number) => ({ value: await fixture.token({ sub }, seconds) });

test("a member joins a private channel; anon and a stranger are refused", async () => {
  await expect(join("team:red", await tokenOf(memberId))).resolves.toBeDefined();
  const denied = "You do not have permissions to read from this Channel topic: team:red";
  await expect(join("team:red")).rejects.toThrow(denied);
  await expect(join("team:red", await tokenOf(strangerId))).rejects.toThrow(denied);
  await expect(join("team:green", await tokenOf(memberId))).rejects.toThrow("permissions");
});

test("service_role hears everything", async () => {
  const client = await fixture.client({ key: fixture.serviceRoleKey });
  const heard: unknown[] = [];
  const channel = client
    .channel("team:any", { config })
    .on("broadcast", { event: "*" }, (message) => heard.push(message));
  await joined(channel);
  await fixture.sql`select realtime.send('{}', 'x', 'team:any')`;
  await vi.waitFor(() => expect(heard).toHaveLength(1));
});

test("who reads without the right to write sends nothing", async () => {
  const writer = await join("team:red", await tokenOf(memberId));
  expect(await writer.channel.send({ type: "broadcast", event: "yes", payload: {} })).toBe("ok");
  expect(writer.heard).toEqual(["yes"]);
  const reader = await join("team:blue", await tokenOf(memberId));
  expect(await reader.channel.send({ type: "broadcast", event: "no", payload: {} }, { timeout: 300 })).toBe(
    "timed out",
  );
  await fixture.sql`select realtime.send('{}', 'from database', 'team:blue')`;
  await vi.waitFor(() => expect(reader.heard).toEqual(["from database"]));
});

test("who may see presence only hears no broadcast", async () => {
  const lobby = await join("lobby", await tokenOf(memberId));
  const other = await join("team:red", await tokenOf(memberId));
  await fixture.sql`select realtime.send('{}', 'secret', 'lobby')`;
  await fixture.sql`select realtime.send('{}', 'after', 'team:red')`;
  await vi.waitFor(() => expect(other.heard).toEqual(["after"]));
  expect(lobby.heard).toEqual([]);
});

test("a policy that fails refuses the join", async () => {
  await expect(join("broken", await tokenOf(memberId))).rejects.toThrow("Unable to");
});

test("probes leave nothing behind", async () => {
  await join("team:red", await tokenOf(memberId));
  expect(await fixture.sql`select from realtime.messages where event is null`).toHaveLength(0);
});

test("a revoked member is told and closed when the token is refreshed", async () => {
  const leaving = crypto.randomUUID();
  await fixture.sql`insert into public.seats values ('gold', ${leaving}, true)`;
  const token = await tokenOf(leaving);
  const seat = await join("team:gold", token);
  await fixture.sql`delete from public.seats where user_id = ${leaving}`;
  token.value = await fixture.token({ sub: leaving, again: true });
  await seat.client.realtime.setAuth();
  await vi.waitFor(() => expect(seat.statuses.at(-1)).toBe("CLOSED"));
  expect(seat.system.at(-1)).toMatchObject({ extension: "system", status: "error", channel: "team:gold" });
  expect(seat.system.at(-1).message).toContain("permissions");
});

test("a refreshed token keeps the channel, and its rights are asked anew", async () => {
  const grown = crypto.randomUUID();
  await fixture.sql`insert into public.seats values ('grey', ${grown}, false)`;
  const token = await tokenOf(grown);
  const seat = await join("team:grey", token);
  expect(await seat.channel.send({ type: "broadcast", event: "no", payload: {} }, { timeout: 300 })).toBe(
    "timed out",
  );
  await fixture.sql`update public.seats set writes = true where user_id = ${grown}`;
  token.value = await fixture.token({ sub: grown, again: true });
  await seat.client.realtime.setAuth();
  expect(await seat.channel.send({ type: "broadcast", event: "yes", payload: {} })).toBe("ok");
  expect(seat.statuses).toEqual(["SUBSCRIBED"]);
});

test("signing out (the anon key as the new token) closes private channels", async () => {
  const token = await tokenOf(memberId);
  const seat = await join("team:red", token);
  token.value = fixture.anonKey;
  await seat.client.realtime.setAuth();
  await vi.waitFor(() => expect(seat.statuses.at(-1)).toBe("CLOSED"));
});

test("an expired token ends its channels on time", async () => {
  const seat = await join("team:red", await tokenOf(memberId, 4));
  await vi.waitFor(() => expect(seat.statuses.at(-1)).toBe("CLOSED"), { timeout: 20_000 });
  expect(seat.system.at(-1)).toMatchObject({ status: "error", message: "Access token has expired" });
  await fixture.sql`select realtime.send('{}', 'late', 'team:red')`;
  const other = await join("team:red", await tokenOf(memberId));
  await fixture.sql`select realtime.send('{}', 'later', 'team:red')`;
  await vi.waitFor(() => expect(other.heard).toContain("later"));
  expect(seat.heard).toEqual([]);
});

test.each<[string, () => string | Promise<string>]>([
  ["signed with another secret", () => sign("another secret that is long enough, surely")],
  [
    "with alg none",
    () => new UnsecuredJWT({ sub: memberId, role: "service_role" }).setExpirationTime("1h").encode(),
  ],
  ["already expired", () => fixture.token({ sub: memberId }, -10)],
  ["with a role of the database", () => fixture.token({ sub: memberId, role: "postgres" })],
  ["without a role", () => fixture.token({ sub: memberId, role: undefined })],
  ["that is garbage", () => "not.a.token"],
])("a token %s is refused, also on a public channel and as key", async (_name, forge) => {
  const value = await forge();
  await expect(join("team:red", { value })).rejects.toThrow("InvalidJWTToken");
  const client = await fixture.client({ token: { value } });
  await expect(joined(client.channel("open"))).rejects.toThrow("InvalidJWTToken");
  const refused = await fetch(fixture.websocketUrl({ apikey: value, vsn: "2.0.0" }).replace("ws", "http"), {
    headers: { connection: "upgrade", upgrade: "websocket" },
  }).then(
    (response) => response.status,
    () => "no connection",
  );
  expect(refused).not.toBe(101);
  await expect(opened(fixture.websocketUrl({ apikey: value, vsn: "2.0.0" }))).resolves.toBe(false);
});

test("a forged token at refresh closes the channel", async () => {
  const token = await tokenOf(memberId);
  const seat = await join("team:red", token);
  token.value = await sign("another secret that is long enough, surely");
  await seat.client.realtime.setAuth();
  await vi.waitFor(() => expect(seat.statuses.at(-1)).toBe("CLOSED"));
});

test("claims cannot leave their quotes", async () => {
  const token = { value: await fixture.token({ sub: `' or true --`, email: `"}'; reset role; --` }) };
  await expect(join("team:red", token)).rejects.toThrow();
});

function sign(secret: string): Promise<string> {
  return new SignJWT({ sub: memberId, role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));
}

function opened(url: string): Promise<boolean> {
  const socket = new WebSocket(url);
  return new Promise((resolve) => {
    socket.addEventListener("open", () => resolve(true));
    socket.addEventListener("error", () => resolve(false));
  });
}
