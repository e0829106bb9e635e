// A small static server: serve.mjs FOLDER, on PORT (default 8080). It listens on this machine only.
//
// Sends ranges, files that pkg-scripts/compress.mjs has compressed, the page's own content security policy as a header,
// and nothing outside of FOLDER.
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { pathToFileURL } from "node:url";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".jsonl": "application/jsonl; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".png": "image/png",
  ".wasm": "application/wasm",
};

/**
 * Serves `folder` below the path `base`. `intercept(path, request, response)` may answer first, by returning true.
 * Resolves to `{ server, url }` once it listens; port 0 takes any free one.
 */
export async function serve(folder, { port = 0, base = "/", intercept = async () => false } = {}) {
  const page = await readFile(join(folder, "index.html"), "utf8");
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? "default-src 'none'";

  async function answer(request, response) {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (!path.startsWith(base)) return response.writeHead(404).end();
    const name = path.slice(base.length) || "index.html";
    const file = normalize(join(folder, name));
    if (!file.startsWith(normalize(folder) + sep)) return response.writeHead(403).end();
    if (request.method !== "GET" && request.method !== "HEAD")
      return response.writeHead(405, { allow: "GET, HEAD" }).end();
    const headers = {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "accept-ranges": "bytes",
      // Names of built files carry their hash; everything else is asked for again.
      "cache-control": name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    };
    if (await intercept(name, request, response, headers)) return;
    const compressed =
      /\bbr\b/.test(request.headers["accept-encoding"] ?? "") &&
      !request.headers.range &&
      (await stat(`${file}.br`).catch(() => null));
    const info = compressed || (await stat(file).catch(() => null));
    if (!info?.isFile()) return response.writeHead(404).end();
    if (compressed) Object.assign(headers, { "content-encoding": "br", vary: "accept-encoding" });
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    let [first, last] = [0, info.size - 1];
    if (range) {
      first = Number(range[1]);
      last = range[2] ? Math.min(Number(range[2]), last) : last;
      if (first > last) return response.writeHead(416, { "content-range": `bytes */${info.size}` }).end();
      headers["content-range"] = `bytes ${first}-${last}/${info.size}`;
    }
    response.writeHead(range ? 206 : 200, { ...headers, "content-length": last - first + 1 });
    if (request.method === "HEAD" || info.size === 0) return response.end();
    createReadStream(compressed ? `${file}.br` : file, { start: first, end: last })
      .on("error", () => response.destroy())
      .pipe(response);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => (response.headersSent ? response.destroy() : response.writeHead(400).end()));
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "localhost", resolve));
  return { server, url: `http://localhost:${server.address().port}${base}` };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = process.argv[2];
  if (!folder) throw new Error("serve: which folder? serve.mjs FOLDER");
  const { url } = await serve(folder, { port: Number(process.env.PORT ?? 8080) });
  console.log(`Pocket Gist is at ${url}`);
}
