// Builds the app (dist/) or, with `--mode test`, the same page with a fake engine (dist-test/).
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { adapterFile, ofModel, readCatalog } from "../pkg-scripts/catalog.mjs";

/** Models hosted beside the page, in pieces (pkg-scripts/shards.mjs). Others come from the addresses in the catalog. */
const hosted = (process.env.POCKET_GIST_HOSTED ?? "gemma-3-270m-64k").split(" ");

/** Adds the catalog to the bundle and, for a page that is not a fake, the adapters. */
function modelFiles(withAdapters: boolean): Plugin {
  return {
    name: "model-files",
    generateBundle() {
      const emit = (fileName: string, source: string | Uint8Array): void =>
        void this.emitFile({ type: "asset", fileName, source });
      const catalog = readCatalog();
      const files = new Map<string, string>();
      for (const model of catalog.models.filter(({ id }) => hosted.includes(id))) {
        model.sources = [{ kind: "shards", manifest: `${model.id}/manifest.json` }];
        for (const adapter of ofModel(catalog.adapters, model)) files.set(adapter.path, adapterFile(adapter));
      }
      emit("models/catalog.json", JSON.stringify(catalog));
      if (!withAdapters) return;
      for (const [path, file] of files) {
        if (!existsSync(file)) throw new Error(`${file} is missing: run pkg-scripts/build, which makes it`);
        emit(`models/${path}`, readFileSync(file));
      }
    },
  };
}

export default defineConfig(({ mode }) => {
  const fake = mode === "test";
  if (!fake && !existsSync(resolve(__dirname, "src/engine/gist.js"))) {
    throw new Error("www/src/engine/gist.js is missing: run pkg-scripts/build, which compiles the engine first");
  }
  return {
    base: "./",
    build: {
      outDir: fake ? "dist-test" : "dist",
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
    worker: { format: "es" as const },
    resolve: {
      alias: [
        {
          find: /^#worker\?worker$/,
          replacement: `${resolve(__dirname, fake ? "tests/fake/worker.ts" : "src/worker.ts")}?worker`,
        },
        {
          find: /^#samples$/,
          replacement: resolve(__dirname, fake ? "tests/fake/samples.json" : "src/app/state/samples.json"),
        },
      ],
    },
    plugins: [
      modelFiles(!fake),
      VitePWA({
        strategies: "injectManifest",
        srcDir: "src",
        filename: "service-worker.ts",
        injectRegister: false,
        includeManifestIcons: false, // they are among the globs below
        manifestFilename: "manifest.webmanifest",
        manifest: {
          id: "./",
          name: "Pocket Gist",
          short_name: "Pocket Gist",
          categories: ["productivity", "utilities"],
          description: "Reads a chat and writes its summary in another language, entirely on your device.",
          lang: "en",
          start_url: "./",
          scope: "./",
          display: "standalone",
          theme_color: "#1f5f5b",
          background_color: "#f6f4ee",
          icons: [
            { src: "icon-192.png", sizes: "192x192", type: "image/png" },
            { src: "icon-512.png", sizes: "512x512", type: "image/png" },
            { src: "icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
          ],
          screenshots: [
            {
              src: "screenshots/phone.png",
              sizes: "824x1830",
              type: "image/png",
              form_factor: "narrow",
              label: "A German chat and its summary in English",
            },
            {
              src: "screenshots/desktop.png",
              sizes: "1280x860",
              type: "image/png",
              form_factor: "wide",
              label: "Chats, a conversation and its summary",
            },
          ],
          shortcuts: [
            {
              name: "Import a chat",
              url: "./#import",
              icons: [{ src: "icon-192.png", sizes: "192x192", type: "image/png" }],
            },
            {
              name: "Random example",
              url: "./#random",
              icons: [{ src: "icon-192.png", sizes: "192x192", type: "image/png" }],
            },
          ],
          share_target: {
            action: "./share",
            method: "POST",
            enctype: "multipart/form-data",
            // The type of WhatsApp's exports differs between versions, so extensions are accepted too.
            params: {
              title: "title",
              text: "text",
              url: "url",
              files: [
                { name: "chat", accept: ["text/*", "application/zip", "application/json", ".txt", ".zip", ".json"] },
              ],
            },
          },
          launch_handler: { client_mode: ["navigate-existing", "auto"] },
        },
        injectManifest: {
          globPatterns: ["**/*.{html,js,css,wasm,jsonl}", "*.png", "models/catalog.json"],
          maximumFileSizeToCacheInBytes: 32 * 1024 * 1024,
          manifestTransforms: [
            (entries) => {
              if (!fake && !entries.some((entry) => entry.url.endsWith(".wasm"))) {
                throw new Error("the engine's WASM is not in the precache manifest: the app would not start offline");
              }
              return { manifest: entries, warnings: [] };
            },
          ],
        },
      }),
    ],
  };
});
