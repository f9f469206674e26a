import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sealSecret, type SecretForm } from "../../shared/secrets/sealSecret.ts";
import { readSecretKeys } from "../../shared/secrets/secretKeys.ts";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

/** A secret that tries to get out by every way there is; then everything that the product has stored is searched for it. */
const canary = "Canary/7f3a+9 b&<é>";
const lines =
  "-----BEGIN CANARY KEY-----\nQ2FuYXJ5IGxpbmUgb25l7f\nQ2FuYXJ5IGxpbmUgdHdv8a\n-----END CANARY KEY-----\n";
const keyText = `k1:${Buffer.alloc(32, 7).toString("base64")}`;

let fixture: EngineFixture;
let project: TestProject;
let said: () => string;
beforeAll(async () => {
  fixture = await startEngineFixture();
  const worker = await fixture.startWorker({ env: { CODER_SECRETS_KEY: keyText, CODER_LOG_LEVEL: "trace" } });
  said = () => worker.said();
  project = await fixture.project({ "a.txt": "one\n", "bin.dat": "\0\x01\x02".repeat(50) });
  await set("CANARY", canary, "value");
  await set("KEY", lines, "value");
  await set("MASKED", "masked-canary-0123456789");
});
afterAll(() => fixture?.close());

async function set(name: string, value: string, givenAs: SecretForm = "placeholder", environment = "") {
  const place = { orgId: project.orgId, projectId: project.id, environment, name, givenAs };
  const sealed = await sealSecret(value, place, readSecretKeys(keyText)!);
  const { sql } = fixture;
  await sql`select set_secret(${project.orgId}, ${project.id}, ${environment}, ${name}, ${givenAs}, ${sealed.ciphertext}, ${sealed.keyId})`;
}

const policies = "policies: { secrets: { allowed: [CANARY, KEY, MASKED] } }";
const env =
  'env: { CANARY: "${{ secrets.CANARY }}", KEY: "${{ secrets.KEY }}", MASKED: "${{ secrets.MASKED }}" }';
const step = (id: string, command: string, more = "") =>
  `  - step_id: ${id}\n    type: command\n    ${env}\n    on_failure: { type: continue }\n${more}    command: |\n${command
    .trim()
    .split("\n")
    .map((line) => `      ${line}`)
    .join("\n")}\n`;

async function run(yaml: string, dryRun = false) {
  const id = await fixture.start(project, yaml, { dryRun });
  await fixture.until(id, ["succeeded", "failed"]);
  const events = await fixture.events(id);
  return {
    id,
    steps: await fixture.steps(id),
    log: await fixture.log(id),
    events,
    denied: events.flatMap((event) => (event.type === "policy.denied" ? [event.rule] : [])),
    used: events.flatMap((event) =>
      event.type === "secret.used" ? [[event.stepId, event.name, event.givenAs]] : [],
    ),
  };
}

/** Every form of a text that would give it away. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const certain = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const base64url = certain.map((one) => one.replaceAll("+", "-").replaceAll("/", "_"));
  const hex = bytes.toString("hex");
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    hex,
    hex.toUpperCase(),
    ...certain,
    ...base64url,
  ];
}

/** Every row of every table of the database, and every stored object with gzip undone. */
async function everythingStored(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const tables = await fixture.sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`;
  for (const { name } of tables) {
    const rows = await fixture.sql.unsafe(
      `select row_to_json(t)::text as row, t::text as text from ${name} t`,
    );
    found.set(name, rows.map((row) => `${row["row"]}\n${row["text"]}`).join("\n"));
  }
  for (const [name, bytes] of fixture.objects) {
    const whole = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    found.set(`object ${name}`, `${name}\n${whole.toString("latin1")}\n${whole.toString("utf8")}`);
  }
  found.set("worker log", said());
  return found;
}

describe("a canary", () => {
  test("W130 W131 is found in nothing that is stored, whatever commands do with it", async () => {
    const yaml = `name: Canary\n${policies}\nsteps:\n${[
      step(
        "print",
        String.raw`echo "plain $CANARY $MASKED"; echo "$CANARY" >&2
printf %s "$KEY"; printf %s "$KEY" | sed -n 2p; printf %s "$KEY" | tr -d '\n'; echo
for pad in "" x xx; do printf '%s%s tail' "$pad" "$CANARY" | base64 -w0; echo; done
printf %s "$CANARY" | base64 | tr '+/' '-_'
printf %s "$CANARY" | od -An -v -tx1 | tr -d ' \n'; echo
printf %s "$CANARY" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; echo
node -e 'const c = process.env.CANARY; console.log(encodeURIComponent(c), JSON.stringify({ c }), new URLSearchParams({ c }).toString())'
for (( i=0; i<${"${#CANARY}"}; i++ )); do printf %s "${"${CANARY:i:1}"}"; sleep 0.01; done; echo
echo "::error $CANARY"; exit 3`,
      ),
      step(
        "report",
        String.raw`mkdir -p reports
node -e 'const c = process.env.CANARY; const x = c.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
require("fs").writeFileSync("reports/r.xml", "<testsuite name=\"" + x + "\"><testcase name=\"" + x + "\"><failure message=\"" + x + "\">" + x + "</failure></testcase></testsuite>")'
printf 'TAP version 13\n1..1\nnot ok 1 - %s\n' "$CANARY" > reports/r.tap
exit 1`,
        '    reports: { junit: ["reports/*.xml"], tap: ["reports/*.tap"] }\n',
      ),
      step("patch", String.raw`echo "key=$CANARY" >> a.txt`),
      step("encoded", String.raw`git checkout -q a.txt; printf 'xx%s' "$CANARY" | base64 >> a.txt`),
      step("binary", String.raw`git checkout -q a.txt; printf '\000%s' "$CANARY" >> bin.dat`),
      step(
        "named",
        String.raw`git checkout -q .; git mv a.txt "$(printf %s "$CANARY" | base64 | tr -d '/\n')"`,
      ),
      step(
        "site",
        String.raw`git reset -q --hard; mkdir -p dist; echo ok > dist/index.html; printf %s "$CANARY" > dist/config.js`,
      ),
    ].join("")}  - { step_id: ship, type: deploy, target: preview, on_failure: { type: continue } }
  - { step_id: last, type: command, command: "echo \\"$X\\"", env: { X: "\${{ steps.report.outputs }}" } }
outputs: { all: "\${{ steps }}" }
`;
    const ended = await run(yaml);
    expect(ended.log).toContain("plain *** fake_value_");
    expect(ended.steps["print"]).toMatchObject({ status: "failed", exit_code: 3 });
    for (const id of ["patch", "encoded", "binary", "named", "ship"])
      expect({ id, ...ended.steps[id] }).toMatchObject({
        id,
        status: "failed",
        failure: { code: "policy_denied" },
      });
    expect(ended.denied).toEqual([...Array<string>(4).fill("secrets.patch"), "secrets.deploy"]);
    expect(ended.used.filter(([id]) => id === "print")).toEqual([
      ["print", "CANARY", "value"],
      ["print", "KEY", "value"],
      ["print", "MASKED", "placeholder"],
    ]);
    const stored = await everythingStored();
    expect(stored.size).toBeGreaterThan(20);
    expect(stored.get("public.run_events")).toContain("secret.used");
    // The search finds what is there.
    const bundle = [...stored].find(
      ([name, text]) => name.startsWith("object artifacts/") && text.includes("==> print"),
    );
    expect(bundle?.[1]).toContain("plain *** fake_value_");
    const forms = [canary, ...lines.trim().split("\n").slice(1, -1), "masked-canary-0123456789"].flatMap(
      formsOf,
    );
    for (const [place, text] of stored)
      for (const form of forms)
        expect({ place, form, found: text.includes(form) }).toEqual({ place, form, found: false });
  });

  test("W124 each use is stamped and audited, with the rule and without the value", async () => {
    const rows = await fixture.sql`
      select action, rule, decision, entry from audit_log where action = 'secret.used' and entry like '%CANARY%' order by seq`;
    expect(rows.length).toBeGreaterThanOrEqual(7);
    expect(rows[0]).toMatchObject({ rule: "secrets.allowed", decision: "allow" });
    const [secret] = await fixture.sql`select last_used_at from secrets where name = 'CANARY'`;
    expect(secret!["last_used_at"]).not.toBeNull();
  });
});

describe("what a run is given", () => {
  const show = (name: string, more = "") =>
    `name: Show\npolicies: { secrets: { allowed: [${name}] }${more} }\nsteps:\n  - { step_id: a, type: command, command: 'printf %s "$V" | wc -c', env: { V: "\${{ secrets.${name} }}" } }\n`;

  test("W123 a secret that does not exist or cannot be opened fails the step, naming it and where to set it", async () => {
    const missing = await run(show("NOWHERE"));
    expect(missing.steps["a"]).toMatchObject({
      failure: {
        code: "not_configured",
        message: expect.stringMatching(/no secret NOWHERE for .* settings under Secrets/),
      },
    });
    await set("TAMPERED", "0123456789", "value");
    await fixture.sql`update secrets set name = 'MOVED' where name = 'TAMPERED'`;
    expect((await run(show("MOVED"))).steps["a"]).toMatchObject({
      failure: { code: "not_configured", message: expect.stringContaining("MOVED cannot be opened") },
    });
    await fixture.sql`delete from secrets where name = 'MOVED'`;
  });

  test("W123 the most specific wins, by the target that the deploy steps have in common", async () => {
    const { sql } = fixture;
    const place = {
      orgId: project.orgId,
      projectId: null,
      environment: "",
      name: "LEVEL",
      givenAs: "value",
    } as const;
    const sealed = await sealSecret("org1", place, readSecretKeys(keyText)!);
    await sql`select set_secret(${project.orgId}, null, '', 'LEVEL', 'value', ${sealed.ciphertext}, ${sealed.keyId})`;
    const deploys = (...targets: string[]) =>
      show("LEVEL") +
      targets
        .map((target) => `  - { type: deploy, target: ${target}, if: 'steps.a.status == "failed"' }\n`)
        .join("");
    const count = async (yaml: string) => fixture.log((await run(yaml)).id, "a");
    expect(await count(deploys())).toMatch(/^4/);
    await set("LEVEL", "project", "value");
    expect(await count(deploys())).toMatch(/^7/);
    await set("LEVEL", "production-one", "value", "prod");
    expect(await count(deploys("prod"))).toMatch(/^14/);
    expect(await count(deploys("preview"))).toMatch(/^7/);
    expect(await count(deploys("preview", "prod"))).toMatch(/^7/);
  });

  test("W125 a gate asks before the step that uses it, by names; another value of the secret needs no new approval", async () => {
    await set("GATED", "first-value", "value");
    const gates = `, gates: { require_human_approval_for: ["secret.use:GATED"], self_approval: true }`;
    const id = await fixture.start(project, show("GATED", gates));
    const waiting = await fixture.untilEvent(id, (events) =>
      events.some((event) => event.type === "step.waiting"),
    );
    const asked = waiting.find((event) => event.type === "step.waiting");
    expect(asked).toMatchObject({
      action: "secret.use:GATED",
      subject: { secrets: ["GATED"], command: 'printf %s "$V" | wc -c', variables: ["V"] },
    });
    expect(JSON.stringify(waiting)).not.toContain("first-value");
    expect(waiting.some((event) => event.type === "secret.used")).toBe(false);
    await set("GATED", "the second one", "value");
    await fixture.decide(id, "approved");
    await fixture.until(id, ["succeeded"]);
    expect(await fixture.log(id)).toContain("14");
  });

  test("W128 a dry run gives none: its command is passed over", async () => {
    const { steps, used, log } = await run(show("CANARY"), true);
    expect(steps["a"]).toMatchObject({ status: "succeeded", outputs: { dryRun: true } });
    expect(used).toEqual([]);
    expect(log).toContain("a command that is given CANARY is not run");
  });

  test("W129 a step that reads none sees none, beside one that does", async () => {
    const yaml = `name: Beside\n${policies}\nsteps:\n${step("with", 'sleep 1; echo "$CANARY" > /dev/null').replace("    on_failure", "    needs: []\n    on_failure")}  - { step_id: without, type: command, needs: [], command: "for i in 1 2 3 4 5; do cat /proc/[0-9]*/environ 2>/dev/null | tr '\\\\0' '\\\\n' | grep -c CODER_RUN_ID || true; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | grep -a -c -e fake_valu[e] -e Canar[y]/ || true; sleep 0.2; done; true" }\n`;
    const { log, steps } = await run(yaml);
    expect(steps["without"]!.status).toBe("succeeded");
    const counts = log.split("\n").filter((line) => /^\d+$/.test(line));
    expect(counts.length).toBe(10);
    counts.forEach((count, index) => {
      if (index % 2 === 1) expect(count).toBe("0");
      else expect(Number(count)).toBeGreaterThan(0);
    });
  });
});
