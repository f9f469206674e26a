import { describe, expect, it } from "vitest";
import { loadConfig, readConfig } from "./config.ts";

describe("the Studio's configuration", () => {
  it("is what the local server says, with defaults for what it leaves out", () => {
    const answer = {
      supabaseUrl: "http://localhost:3000",
      anonKey: "key",
      ownerSignIn: true,
      mail: "/mail",
      more: 1,
    };
    expect(readConfig(answer)).toEqual({
      supabaseUrl: "http://localhost:3000",
      anonKey: "key",
      ownerSignIn: true,
      github: false,
      mail: "/mail",
      npm: "/npm",
    });
    expect(readConfig({ ...answer, webcontainer: { apiKey: "wc" } }).webcontainer).toEqual({ apiKey: "wc" });
    expect(readConfig({ ...answer, webcontainer: {} }).webcontainer).toEqual({});
  });

  it.each([[null], ["text"], [{}], [{ supabaseUrl: "http://localhost:3000" }]])("refuses %j", (answer) => {
    expect(() => readConfig(answer)).toThrow("not one that this Studio understands");
  });

  it("is fixed by the build where it is hosted: no server is asked, and nobody is its owner", async () => {
    const config = await loadConfig({
      VITE_SUPABASE_URL: "https://x.supabase.co",
      VITE_SUPABASE_ANON_KEY: "key",
      VITE_GITHUB_SIGN_IN: "true",
    });
    expect(config).toMatchObject({
      supabaseUrl: "https://x.supabase.co",
      ownerSignIn: false,
      github: true,
      mail: null,
    });
  });
});
