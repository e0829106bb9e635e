// How Chromium is started in tests: without a sandbox (they may run as root), and quiet.
export const launch = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

export const phone = { viewport: { width: 412, height: 915 }, isMobile: true, hasTouch: true };
