/**
 * What crosses the border between the kernel and a project's preview origin. Everything that comes from there is
 * hostile (the project's code can reach the relay page), so the kernel parses it with these schemas and acts on
 * nothing else. The relay and the service worker import only the types.
 */
import { z } from "zod";

/** The global name under which a page's modules find the page's client (`client.ts`). Workers have none. */
export const clientName = "__coder";

/** Service worker to kernel, over its MessagePort. */
export const previewRequestSchema = z.object({
  type: z.literal("fetch"),
  id: z.number(),
  method: z.string().max(16),
  /** Path and query of a URL of the preview origin. */
  url: z.string().max(8192).startsWith("/"),
  /** `Request.destination`: "document", "iframe", "script", "style", "image", "" … */
  destination: z.string().max(32),
  accept: z.string().max(1024),
  /** Asked for by a `<script>` that is not a module. */
  classic: z.boolean(),
});
export type PreviewRequest = z.infer<typeof previewRequestSchema>;

/** Kernel to service worker. */
export interface PreviewResponse {
  type: "response";
  id: number;
  status: number;
  headers: Record<string, string>;
  body: ArrayBuffer;
}

const text = z.string().max(20_000);

/** The client in a page of the project to the kernel, by BroadcastChannel and relay. */
export const clientMessageSchema = z.discriminatedUnion("type", [
  /** A page begins; `version` is the one that it was made in. */
  z.object({ type: z.literal("connected"), url: text, version: z.number() }),
  /** Something visible is on the page. */
  z.object({ type: z.literal("painted") }),
  /** The page finished loading and shows nothing. */
  z.object({ type: z.literal("blank") }),
  z.object({ type: z.literal("console"), level: z.enum(["log", "info", "warn", "error"]), text }),
  z.object({
    type: z.literal("error"),
    message: text,
    stack: text.optional(),
    url: text.optional(),
    line: z.number().optional(),
    column: z.number().optional(),
    painted: z.boolean(),
  }),
  /** A hot module cannot take an update itself. */
  z.object({ type: z.literal("invalidate"), path: text }),
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

/** Kernel to the clients of all open pages of the project. A page that was made in this version or a later one has it already. */
export type HotMessage =
  | {
      type: "update";
      version: number;
      updates: { path: string; acceptedPath: string; url: string }[];
      /** Of an import map: the new modules' scripts by their URLs, so that the page need not ask for them. */
      imports: Record<string, string>;
      /** Modules that nobody imports any more. */
      pruned: string[];
    }
  /** Without a version it is for every page. */
  | { type: "full-reload"; version?: number };

/** Studio page to relay page; a MessagePort to the kernel is transferred with it. */
export interface RelayConnect {
  type: "connect";
  /** "http" goes on to the service worker, "hot" stays with the relay. */
  ports: ["http", "hot"];
}

/** A page of the project to the relay page: it is in the same window, and gets hot updates without the channel. */
export interface PageHello {
  type: "coder:page";
}

/** Relay page to Studio page. */
export type RelayMessage =
  | { type: "coder:relay-ready" }
  /** The browser ended the service worker and with it its port. */
  | { type: "coder:port-wanted" }
  | { type: "coder:relay-failed"; message: string };
