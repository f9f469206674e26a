import { describe, expect, test, vi } from "vitest";
import { LogPacker } from "../../shared/run/logPacker.ts";
import { makePagedLog, type PagedLogOptions } from "./pagedLog.ts";

const text = Array.from({ length: 9000 }, (_, index) => `line ${index}\n`).join("");
const packer = new LogPacker();
const pages = [...packer.add([{ stream: "out", text, at: 7 }]), ...packer.end()];

function serve(limit = 8) {
  return vi.fn<PagedLogOptions["fetch"]>((from, to) =>
    Promise.resolve(
      pages.filter((page) => page.firstLine <= to && page.firstLine + page.lines > from).slice(0, limit),
    ),
  );
}

describe("makePagedLog", () => {
  test("W163 fetches what is looked at, once, and tells when it is there", async () => {
    const fetch = serve();
    const onChange = vi.fn<PagedLogOptions["onChange"]>();
    const log = makePagedLog({ lines: 9000, fetch, onChange });
    for (let index = 4990; index < 5010; index += 1) expect(log.lineAt(index)).toBeUndefined();
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(log.lineAt(5000)).toEqual({ stream: "out", text: "line 5000", at: 7 });
    expect(log.lineAt(5001)?.text).toBe("line 5001");
    expect(log.lineAt(9000)).toBeUndefined();
    expect(log.lineAt(-1)).toBeUndefined();
    await Promise.resolve();
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test("W220 what is near to what is looked at is fetched before it is looked at", async () => {
    const fetch = serve();
    const onChange = vi.fn<PagedLogOptions["onChange"]>();
    const known = pages.slice(0, 1);
    const log = makePagedLog({ lines: 9000, known, fetch, onChange });
    expect(log.lineAt(known[0]!.lines - 501)?.text).toBeDefined();
    await Promise.resolve();
    expect(fetch).not.toHaveBeenCalled();
    expect(log.lineAt(known[0]!.lines - 500)?.text).toBeDefined();
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1));
    expect(log.lineAt(known[0]!.lines)?.text).toBe(`line ${known[0]!.lines}`);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test("the whole log is fetched in as many answers as it takes", async () => {
    const fetch = serve(1);
    const log = makePagedLog({ lines: 9000, fetch, onChange: () => undefined });
    const lines = await log.all();
    expect(lines).toHaveLength(9000);
    expect(lines.at(-1)?.text).toBe("line 8999");
    expect(fetch).toHaveBeenCalledTimes(pages.length);
  });

  test("a failure is told, and lines that retention has taken meanwhile are no endless loop", async () => {
    const onChange = vi.fn<PagedLogOptions["onChange"]>();
    const failing = makePagedLog({ lines: 10, fetch: () => Promise.reject(new Error("away")), onChange });
    failing.lineAt(0);
    await vi.waitFor(() =>
      expect(onChange).toHaveBeenCalledWith(expect.objectContaining({ message: "away" })),
    );
    const gone = makePagedLog({ lines: 10, fetch: () => Promise.resolve([]), onChange });
    await expect(gone.all()).rejects.toThrow("Line 1 of the log is not there any more.");
  });
});
