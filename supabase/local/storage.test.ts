import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestStack, type TestStack, type TestUser } from "./testing.ts";

let stack: TestStack;
let sql: postgres.Sql;
let service: SupabaseClient;
let member: { user: TestUser; client: SupabaseClient; org: string };
let stranger: { user: TestUser; client: SupabaseClient; org: string };
let anon: SupabaseClient;

const options = { auth: { persistSession: false, autoRefreshToken: false } };

beforeAll(async () => {
  stack = await startTestStack();
  sql = postgres(await stack.databaseUrl(), { max: 2, onnotice: () => undefined });
  service = createClient(stack.url, stack.serviceRoleKey, options);
  anon = createClient(stack.url, stack.anonKey, options);
  member = await person("member@example.com");
  stranger = await person("stranger@example.com");
  // A bucket whose files belong to the organisation that the first folder names.
  await service.storage.createBucket("files", { public: false });
  await service.storage.createBucket("open", { public: true });
  await sql`create policy "test members" on storage.objects for all to authenticated
    using (bucket_id = 'files' and (storage.foldername(name))[1] in (select private.my_orgs()::text))
    with check (bucket_id = 'files' and (storage.foldername(name))[1] in (select private.my_orgs()::text))`;
});
afterAll(async () => {
  await sql?.end();
  await stack.stop();
});

async function person(email: string) {
  const user = await stack.createUser(email);
  const client = createClient(stack.url, stack.anonKey, options);
  await client.auth.setSession(user.session);
  const { data } = await client.from("orgs").select("id").single();
  return { user, client, org: (data as { id: string }).id };
}

/** Files of the data directory that hold bytes of a bucket. */
async function filesOf(bucket: string): Promise<string[]> {
  const directory = join(stack.dataDir, "storage", bucket);
  if (!existsSync(directory)) return [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

test("a member uploads (form and raw), reads, lists, signs, moves, copies, replaces and removes", async () => {
  const files = member.client.storage.from("files");
  const at = (name: string) => `${member.org}/${name}`;
  const uploaded = await files.upload(at("a.txt"), new Blob(["hello"], { type: "text/plain" }), {
    metadata: { note: "first" },
  });
  expect(uploaded.error).toBeNull();
  expect(uploaded.data).toMatchObject({
    path: at("a.txt"),
    fullPath: `files/${at("a.txt")}`,
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(
    (
      await files.upload(at("folder/b.bin"), new Uint8Array([1, 2, 3]), {
        contentType: "application/octet-stream",
      })
    ).error,
  ).toBeNull();
  expect((await files.upload(at("a.txt"), "again")).error).toMatchObject({ status: 409 });

  const downloaded = await files.download(at("a.txt"));
  expect(await downloaded.data!.text()).toBe("hello");
  expect(downloaded.data!.type).toContain("text/plain");
  const info = await files.info(at("a.txt"));
  expect(info.data).toMatchObject({ size: 5, contentType: "text/plain", metadata: { note: "first" } });
  expect((await files.exists(at("a.txt"))).data).toBe(true);
  expect((await files.exists(at("nothing.txt"))).data).toBe(false);

  const listed = await files.list(member.org);
  expect(listed.data!.map(({ name, id }) => [name, id === null])).toEqual([
    ["folder", true],
    ["a.txt", false],
  ]);
  expect((await files.list(member.org, { search: "a." })).data!.map(({ name }) => name)).toEqual(["a.txt"]);
  const flat = await files.listV2({ prefix: `${member.org}/` });
  expect(flat.data!.objects.map(({ name }) => name)).toEqual([at("a.txt"), at("folder/b.bin")]);

  const signed = await files.createSignedUrl(at("a.txt"), 60);
  expect(await (await fetch(signed.data!.signedUrl)).text()).toBe("hello");
  const many = await files.createSignedUrls([at("a.txt"), at("nothing.txt")], 60);
  expect(many.data!.map(({ error }) => error === null)).toEqual([true, false]);

  expect((await files.copy(at("a.txt"), at("copy.txt"))).error).toBeNull();
  expect((await files.move(at("copy.txt"), at("moved.txt"))).error).toBeNull();
  expect(await (await files.download(at("moved.txt"))).data!.text()).toBe("hello");
  expect((await files.upload(at("moved.txt"), "new", { upsert: true })).error).toBeNull();
  expect((await files.update(at("moved.txt"), "newer")).error).toBeNull();
  expect(await (await files.download(at("moved.txt"))).data!.text()).toBe("newer");

  const upload = await files.createSignedUploadUrl(at("signed.txt"));
  expect(
    (
      await anon.storage
        .from("files")
        .uploadToSignedUrl(at("signed.txt"), upload.data!.token, new Blob(["by link"]))
    ).error,
  ).toBeNull();
  expect(await (await files.download(at("signed.txt"))).data!.text()).toBe("by link");
  const [row] = await sql`select owner_id from storage.objects where name = ${at("signed.txt")}`;
  expect(row!.owner_id).toBe(member.user.id);

  const all = ["a.txt", "folder/b.bin", "moved.txt", "signed.txt"].map(at);
  expect(await filesOf("files")).toHaveLength(4);
  expect((await files.remove(all)).data).toHaveLength(4);
  expect(await filesOf("files")).toEqual([]);
});

test("a stranger and an anonymous caller can do nothing with a member's file", async () => {
  const name = `${member.org}/private.txt`;
  await member.client.storage.from("files").upload(name, "secret");
  for (const client of [stranger.client, anon]) {
    const files = client.storage.from("files");
    expect((await files.download(name)).error).not.toBeNull();
    expect((await files.info(name)).error).toMatchObject({ status: 404 });
    expect((await files.list(member.org)).data).toEqual([]);
    expect((await files.listV2({ prefix: member.org })).data?.objects).toEqual([]);
    expect((await files.createSignedUrl(name, 60)).error).not.toBeNull();
    expect((await files.createSignedUploadUrl(`${member.org}/new.txt`)).error).toMatchObject({ status: 403 });
    expect((await files.upload(`${member.org}/new.txt`, "x")).error).toMatchObject({ status: 403 });
    expect((await files.upload(name, "x", { upsert: true })).error).toMatchObject({ status: 403 });
    expect((await files.update(name, "x")).error).not.toBeNull();
    expect((await files.move(name, `${member.org}/taken.txt`)).error).not.toBeNull();
    expect((await files.copy(name, `${stranger.org}/copy.txt`)).error).not.toBeNull();
    expect((await files.remove([name])).data).toEqual([]);
  }
  // Its own file into the other's folder, and out of its bucket.
  const own = `${stranger.org}/own.txt`;
  await stranger.client.storage.from("files").upload(own, "mine");
  expect(
    (await stranger.client.storage.from("files").move(own, `${member.org}/own.txt`)).error,
  ).not.toBeNull();
  expect(
    (await stranger.client.storage.from("files").copy(own, own, { destinationBucket: "open" })).error,
  ).not.toBeNull();
  expect(
    (await stranger.client.storage.from("files").move(own, own, { destinationBucket: "open" })).error,
  ).not.toBeNull();
  expect(await (await member.client.storage.from("files").download(name)).data!.text()).toBe("secret");
  expect(await (await service.storage.from("files").download(name)).data!.text()).toBe("secret");
  expect(await filesOf("files")).toHaveLength(2);
});

test("refused uploads leave no bytes behind", async () => {
  const before = await filesOf("files");
  await anon.storage.from("files").upload(`${member.org}/x.txt`, "x");
  await member.client.storage.from("files").upload(`${member.org}/private.txt`, "twice");
  expect(await filesOf("files")).toEqual(before);
});

test("a public bucket is read by anybody and written by nobody without a policy", async () => {
  await service.storage.from("open").upload("hello.txt", new Blob(["hi"], { type: "text/plain" }));
  const { data } = anon.storage.from("open").getPublicUrl("hello.txt");
  expect(await (await fetch(data.publicUrl)).text()).toBe("hi");
  expect((await anon.storage.from("open").upload("mine.txt", "x")).error).toMatchObject({ status: 403 });
  expect((await fetch(data.publicUrl.replace("/open/", "/files/"))).status).toBe(404);
});

test("buckets: only the service makes, changes and removes them; one that is not empty stays", async () => {
  expect((await member.client.storage.createBucket("mine")).error).toMatchObject({ status: 403 });
  expect((await member.client.storage.listBuckets()).data).toEqual([]);
  expect(
    (
      await service.storage.createBucket("limited", {
        public: false,
        fileSizeLimit: "1KB",
        allowedMimeTypes: ["image/*"],
      })
    ).error,
  ).toBeNull();
  const limited = service.storage.from("limited");
  expect(
    (await limited.upload("a.png", new Blob([new Uint8Array(2000)], { type: "image/png" }))).error,
  ).toMatchObject({ status: 413 });
  expect(
    (await limited.upload("raw.png", new Uint8Array(2000), { contentType: "image/png" })).error,
  ).toMatchObject({ status: 413 });
  expect((await limited.upload("a.txt", new Blob(["a"], { type: "text/plain" }))).error).toMatchObject({
    status: 415,
  });
  expect(
    (await limited.upload("a.png", new Blob([new Uint8Array(200)], { type: "image/png" }))).error,
  ).toBeNull();
  expect(await filesOf("limited")).toHaveLength(1);
  expect((await service.storage.deleteBucket("limited")).error).toMatchObject({ status: 409 });
  expect((await service.storage.emptyBucket("limited")).error).toBeNull();
  expect((await service.storage.deleteBucket("limited")).error).toBeNull();
  expect((await service.storage.getBucket("limited")).error).toMatchObject({ status: 404 });
});

test("attack: no name leads out of the bucket's directory", async () => {
  const headers = { authorization: `Bearer ${stack.serviceRoleKey}`, "content-type": "text/plain" };
  const names = [
    "..%2F..%2Fsecrets.json",
    "%2e%2e/%2e%2e/secrets.json",
    "a/..%2f..%2fb",
    "a%00b",
    "a%5c..%5cb",
    "%2fetc%2fpasswd",
    "a//b",
  ];
  for (const name of names) {
    const url = `${stack.url}/storage/v1/object/files/${name}`;
    expect([name, (await fetch(url, { method: "POST", headers, body: "x" })).status]).not.toEqual([
      name,
      200,
    ]);
    const read = await fetch(url, { headers });
    expect([name, read.status]).not.toEqual([name, 200]);
    expect(await read.text()).not.toContain("jwtSecret");
  }
  for (const bucket of ["..", "../x", "a/b", ".", "", "a.b"]) {
    expect((await service.storage.createBucket(bucket)).error).not.toBeNull();
  }
});

test("attack: a signed URL is good for its own object and purpose only, and no access token is one", async () => {
  const name = `${member.org}/private.txt`;
  const files = member.client.storage.from("files");
  const { data } = await files.createSignedUrl(name, 60);
  const url = new URL(data!.signedUrl);
  const token = url.searchParams.get("token")!;
  const other = url.href.replace("private.txt", "other.txt");
  await files.upload(`${member.org}/other.txt`, "other");
  expect((await fetch(other)).status).toBe(400);
  expect((await fetch(url.href.replace(token, member.user.session.access_token))).status).toBe(400);
  expect(
    (
      await fetch(`${stack.url}/storage/v1/object/upload/sign/files/${name}?token=${token}`, {
        method: "PUT",
        body: "x",
      })
    ).status,
  ).toBe(400);
  expect(
    (
      await fetch(`${stack.url}/storage/v1/object/files/${name}`, {
        headers: { authorization: `Bearer ${token}` },
      })
    ).status,
  ).toBe(401);
  expect((await fetch(`${stack.url}/storage/v1/object/files/${name}`)).status).toBe(401);
});

test("attack: an uploaded page cannot run on the Studio's origin", async () => {
  await service.storage
    .from("open")
    .upload("evil.html", new Blob(["<script>alert(1)</script>"], { type: "text/html" }));
  const response = await fetch(anon.storage.from("open").getPublicUrl("evil.html").data.publicUrl);
  expect(response.headers.get("content-security-policy")).toMatch(/^sandbox;/);
  expect(response.headers.get("content-disposition")).toMatch(/^attachment/);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

test("ranges, validation and empty files", async () => {
  const open = service.storage.from("open");
  await open.upload("digits.txt", new Blob(["0123456789"], { type: "text/plain" }));
  await open.upload("empty.txt", new Blob([], { type: "text/plain" }));
  const url = open.getPublicUrl("digits.txt").data.publicUrl;
  const part = await fetch(url, { headers: { range: "bytes=2-4" } });
  expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([
    206,
    "bytes 2-4/10",
    "234",
  ]);
  expect(await (await fetch(url, { headers: { range: "bytes=-3" } })).text()).toBe("789");
  expect((await fetch(url, { headers: { range: "bytes=10-" } })).status).toBe(416);
  const { headers } = await fetch(url);
  expect((await fetch(url, { headers: { "if-none-match": headers.get("etag")! } })).status).toBe(304);
  expect(await (await open.download("empty.txt")).data!.text()).toBe("");
});

test("a large body streams to disk whole", async () => {
  const bytes = new Uint8Array(20 * 1024 * 1024).fill(7);
  const { error } = await service.storage
    .from("files")
    .upload("big/one.bin", bytes, { contentType: "application/octet-stream" });
  expect(error).toBeNull();
  const { data } = await service.storage.from("files").download("big/one.bin");
  expect(Buffer.from(await data!.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
});
