// The tests' projects, all on the system's Chromium. `unit`: modules without a page. `phone` and `desktop`: the page
// with a fake engine (dist-test/). `gpu`: the built engine on a software GPU. `real`: the page with the real model.
import { defineConfig } from "@playwright/test";
import { launch, phone } from "./tests/chromium";

export default defineConfig({
  workers: 1,
  expect: { timeout: 20_000 },
  use: { launchOptions: launch, actionTimeout: 20_000 },
  projects: [
    { name: "unit", testDir: "tests/unit" },
    { name: "phone", testDir: "tests/ui", timeout: 60_000, use: phone },
    { name: "desktop", testDir: "tests/ui", timeout: 60_000, use: { viewport: { width: 1280, height: 860 } } },
    { name: "gpu", testDir: "tests/gpu", timeout: 600_000 },
    { name: "real", testDir: "tests/real", timeout: 300_000, use: phone },
  ],
});
