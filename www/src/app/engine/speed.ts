// The speed of a download.

/** The speed over the last five seconds, so that a stall shows soon. */
export class DownloadSpeed {
  private samples: [time: number, bytes: number][] = [];

  add(bytes: number, now = performance.now()): void {
    this.samples.push([now, bytes]);
    while (this.samples.length > 2 && now - (this.samples[0]?.[0] ?? now) > 5000) this.samples.shift();
  }

  /** Bytes per second; 0 while unknown. */
  get bytesPerSecond(): number {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    return first && last && last[0] > first[0] ? ((last[1] - first[1]) * 1000) / (last[0] - first[0]) : 0;
  }
}
