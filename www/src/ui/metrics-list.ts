// The figures of a summary: time, memory, and its likeness to a person's summary.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Rouge } from "../app/state/summary";
import type { Messages } from "../i18n";
import type { SummaryMetrics } from "../protocol";
import { Component } from "./component";
import { megabytes, number, perSecond, seconds } from "./format";
import { base } from "./styles";

/** Memory and work of the GPU, the latter for each generated token. */
function gpuRows(gpu: SummaryMetrics["gpu"], t: Messages["metrics"]): [string, string][] {
  if (!gpu) return [];
  const each = (count: number, digits = 0): string => number(count / Math.max(1, gpu.tokens), digits);
  return [
    [t.gpuMemory, megabytes(gpu.bytes)],
    [t.gpuWork, t.gpuCounts(each(gpu.dispatches), each(gpu.passes), each(gpu.submits), each(gpu.readbacks, 2))],
  ];
}

@customElement("metrics-list")
export class MetricsList extends Component {
  static override styles = [
    base,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr));
        gap: 0.625rem 0.75rem;
        margin: 0.5rem 0 0;
      }
      dt {
        font-size: 0.8125rem;
        color: var(--quiet);
      }
      dd {
        margin: 0;
        font-variant-numeric: tabular-nums;
        font-weight: 600;
      }
      p {
        margin-top: 0.625rem;
      }
    `,
  ];
  @property({ attribute: false }) metrics: SummaryMetrics | null = null;
  @property({ attribute: false }) rouge: Rouge | null = null;

  override render() {
    const {
      metrics,
      rouge,
      t: { metrics: t },
    } = this;
    if (!metrics) return nothing;
    const rows: [string, string][] = [
      [t.firstToken, seconds(metrics.time_to_first_token_ms)],
      [t.total, seconds(metrics.total_ms)],
      [t.prefill, `${perSecond(metrics.prompt_tokens, metrics.prefill_ms)} tok/s`],
      [t.decode, `${perSecond(metrics.generated_tokens, metrics.decode_ms)} tok/s`],
      [t.tokens, t.inOut(metrics.prompt_tokens, metrics.generated_tokens)],
      [t.passes, String(metrics.passes)],
      [t.memory, megabytes(metrics.wasm_bytes)],
      ...gpuRows(metrics.gpu, this.t.metrics),
    ];
    const likeness: [string, string][] = rouge
      ? [
          [t.rouge("1"), number(rouge.rouge1)],
          [t.rouge("2"), number(rouge.rouge2)],
          [t.rouge("L"), number(rouge.rougeL)],
        ]
      : [];
    const sources = [
      `${t.memory}: ${t.memorySource}.`,
      metrics.gpu ? `${t.gpuMemory}: ${t.gpuMemorySource}.` : "",
      rouge ? `ROUGE: ${t.rougeSource}.` : "",
    ];
    return html`<dl>
        ${[...rows, ...likeness].map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
      </dl>
      <p class="quiet">${sources.filter(Boolean).join(" ")}</p>`;
  }
}
