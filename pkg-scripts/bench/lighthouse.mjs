#!/usr/bin/env node
// Lighthouse on the built page, on a phone as Lighthouse simulates it; fails below 95 in any category:
//
//     pkg-scripts/build && node pkg-scripts/bench/lighthouse.mjs
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../serve.mjs";

const LEAST = 95;
if (!existsSync(join(import.meta.dirname, "node_modules"))) execFileSync("npm", ["ci", "--silent", "--prefix", import.meta.dirname], { stdio: "inherit" });
const { default: lighthouse } = await import("lighthouse");
const { launch } = await import("chrome-launcher");

const site = await serve(join(import.meta.dirname, "../../www/dist"));
const userDataDir = mkdtempSync(join(tmpdir(), "pocket-gist-lighthouse-"));
const chrome = await launch({ chromePath: process.env.CHROMIUM ?? "/usr/bin/chromium", chromeFlags: ["--headless=new", "--no-sandbox"], userDataDir });
const { lhr } = await lighthouse(site.url, { port: chrome.port, onlyCategories: ["performance", "accessibility", "best-practices"] });
await chrome.kill();
site.server.closeAllConnections();
site.server.close();
rmSync(userDataDir, { recursive: true, force: true });

const scores = Object.values(lhr.categories).map(({ id, score, auditRefs }) => {
  const failed = auditRefs.map((ref) => lhr.audits[ref.id]).filter((audit) => audit.score !== null && audit.score < 0.9).map((audit) => audit.title);
  console.log(`${id}: ${Math.round(score * 100)}${failed.length > 0 ? ` (${failed.join("; ")})` : ""}`);
  return score * 100;
});
if (scores.some((score) => score < LEAST)) {
  console.error(`lighthouse: a score is below ${LEAST}`);
  process.exit(1);
}
