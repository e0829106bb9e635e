// The order of the page's folders: imports only go down. The linter finds circles within a folder (noImportCycles).
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "@playwright/test";

const source = resolve(import.meta.dirname, "../../src");

/**
 * The folders and files of src from bottom to top. A file may import from its own folder and from earlier rows; folders
 * of one row do not know each other.
 */
const layers: readonly (readonly string[])[] = [
  ["engine"], // compiled from Rust
  ["protocol.ts", "i18n"],
  ["app/browser"],
  ["app/engine"],
  ["app/state"],
  ["app/controllers", "ui"],
  ["app", "service-worker.ts", "worker.ts"],
  ["main.ts"],
];

/** The folder or file above that `path` belongs to, and its row. */
function placeOf(path: string): { entry: string; row: number } {
  const entries = layers.flatMap((row, index) => row.map((entry) => ({ entry, row: index })));
  const found = entries.filter(({ entry }) => path === entry || path.startsWith(`${entry}/`));
  const place = found.sort((a, b) => b.entry.length - a.entry.length)[0];
  if (!place) throw new Error(`${path} is in no row of the layers`);
  return place;
}

/** The paths that `file` imports, relative to src and as written, with or without an extension. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), "utf8");
  const paths = [...text.matchAll(/^(?:import|export|\} from)\b[^;]*?"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm)];
  return paths.map(([, declared, dynamic]) =>
    relative(source, resolve(source, dirname(file), declared ?? dynamic ?? "")),
  );
}

const withExtension = (path: string): string => (/^[^/.]+$/.test(path) && path !== "i18n" ? `${path}.ts` : path);

test("imports between the page's folders only go down", () => {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.d)\.ts$/.test(name));
  const upward: string[] = [];
  let count = 0;
  for (const file of files.filter((file) => !file.startsWith("engine"))) {
    const from = placeOf(file);
    for (const path of importsOf(file)) {
      const to = placeOf(withExtension(path));
      count += 1;
      if (to.entry !== from.entry && to.row >= from.row) upward.push(`${file} imports ${path}`);
    }
  }
  expect(upward).toEqual([]);
  expect(count).toBeGreaterThan(100);
});
