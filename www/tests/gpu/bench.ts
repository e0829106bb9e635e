// The built engine's worker without the page, in a Chromium with a software GPU.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { serve } from "../../../pkg-scripts/serve.mjs";
import type { Action, Response } from "../../src/protocol";
import { launch } from "../chromium";

const root = join(import.meta.dirname, "../../..");
const dist = join(root, "www/dist");

/** Files that replace the built ones, by their path on the site; each is made for the site's address. */
export type Files = Record<string, (url: string) => Buffer>;

export interface Bench {
  page: Page;
  context: BrowserContext;
  url: string;
  /** Sends a request and returns all responses, the answer last. Destroys the device at delta number `breakAt`. */
  ask(action: Action, breakAt?: readonly number[]): Promise<Response[]>;
  close(): Promise<void>;
}

/** Code that runs beside the engine in its worker. It intercepts devices, so that tests can destroy them. */
const catcher = `
  const request = GPUAdapter.prototype.requestDevice;
  let device;
  GPUAdapter.prototype.requestDevice = async function (...args) { return device = await request.apply(this, args); };
  new BroadcastChannel("device").onmessage = () => device.destroy();`;

/** Opens an empty page and starts the worker there. */
export async function open(files: Files = {}, gpu = true): Promise<Bench> {
  const site: Awaited<ReturnType<typeof serve>> = await serve(dist, {
    async intercept(name, _request, response, headers) {
      const file = files[name]?.(site.url);
      if (file) response.writeHead(200, { ...headers, "content-length": file.length }).end(file);
      return file !== undefined;
    },
  });
  const args = gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : [];
  const browser = await chromium.launch({ ...launch, args: [...launch.args, ...args] });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route(`${site.url}blank`, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(`${site.url}blank`);
  const script = readdirSync(join(dist, "assets")).find((name) => /^worker-.*\.js$/.test(name));
  await page.evaluate(
    ({ script, catcher }) => {
      const source = `import "${script}";${"GPUAdapter" in self ? catcher : ""}`;
      const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), {
        type: "module",
      });
      const channel = new BroadcastChannel("device");
      let id = 0;
      Object.assign(globalThis, {
        ask: (action: object, breakAt: readonly number[]) => {
          const all: Response[] = [];
          const mine = ++id;
          let deltas = 0;
          return new Promise<Response[]>((resolve, reject) => {
            worker.onerror = (event) => reject(new Error(event.message));
            worker.onmessage = ({ data }: MessageEvent<Response>) => {
              if (data.id !== mine && data.id !== 0) return;
              all.push(data);
              if (data.type === "delta" && breakAt.includes(deltas++)) channel.postMessage("");
              if (!["progress", "notice", "delta", "rewritten", "draft"].includes(data.type)) resolve(all);
            };
            worker.postMessage({ version: 1, id: mine, ...action });
          });
        },
      });
    },
    { script: `${site.url}assets/${script}`, catcher },
  );
  const ask = (action: Action, breakAt: readonly number[] = []): Promise<Response[]> =>
    page.evaluate(({ action, breakAt }) => (globalThis as unknown as { ask: Bench["ask"] }).ask(action, breakAt), {
      action,
      breakAt,
    });
  const close = async (): Promise<void> => {
    await browser.close();
    site.server.closeAllConnections();
    site.server.close();
  };
  await ask({ action: "open", base: site.url });
  return { page, context, url: site.url, ask, close };
}

/** The built catalog, changed by `change`. */
export function catalog(change: (catalog: { models: unknown[]; adapters: unknown[] }) => void): Buffer {
  const built = JSON.parse(readFileSync(join(dist, "models/catalog.json"), "utf8"));
  change(built);
  return Buffer.from(JSON.stringify(built));
}

export const answer = (responses: readonly Response[]): Response => {
  const last = responses.at(-1);
  if (!last) throw new Error("no answer");
  return last;
};

/** The final text, without what was written before a restart or was rewritten. */
export function text(responses: readonly Response[]): string {
  const from = responses.findLastIndex(
    (response) => response.type === "rewritten" || (response.type === "notice" && response.kind === "restarted"),
  );
  const rewritten = responses[from]?.type === "rewritten" ? responses[from].text : "";
  const after = responses.slice(from + 1).flatMap((response) => (response.type === "delta" ? response.text : []));
  return rewritten + after.join("");
}

export const ofType = <T extends Response["type"]>(
  type: T,
  responses: readonly Response[],
): Extract<Response, { type: T }> => {
  const last = answer(responses);
  if (last.type !== type) throw new Error(`the engine answered ${JSON.stringify(last)} where ${type} was expected`);
  return last as Extract<Response, { type: T }>;
};
