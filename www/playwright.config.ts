// System Chromium only. `ui`: the page with a fake engine (dist-test/). `real`: the page as it is built, with the real model.
import { defineConfig } from "@playwright/test";
import { launch } from "./tests/chromium";

export default defineConfig({
  workers: 1,
  use: { launchOptions: launch, actionTimeout: 20_000 },
  projects: [
    { name: "ui", testDir: "tests/ui", timeout: 30_000 },
    { name: "real", testDir: "tests/real", timeout: 300_000 },
  ],
});
