// A bar chart with one bar for each method. Screen readers take it for one image; the table beside it has the numbers.
import { css, html, nothing, svg } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Spread } from "../app/state/statistics";
import { Component } from "./component";
import { number } from "./format";
import { base } from "./styles";

export interface Bar {
  label: string;
  /** One value, or several that stand together; null where there is none. */
  values: readonly (Spread | null)[];
}

const [WIDTH, HEIGHT, GAP, ROOM] = [400, 16, 12, 96];

@customElement("bar-chart")
export class BarChart extends Component {
  static override styles = [
    base,
    css`
      figure {
        margin: 0;
      }
      figcaption {
        font-weight: 650;
        font-size: 0.9375rem;
        margin-bottom: 0.5rem;
      }
      svg {
        width: 100%;
        height: auto;
        display: block;
        overflow: visible;
      }
      text {
        fill: var(--ink);
        font:
          12px system-ui,
          sans-serif;
        font-variant-numeric: tabular-nums;
      }
      .v0 {
        fill: var(--accent);
      }
      .v1 {
        fill: var(--mark);
      }
      .v2 {
        fill: var(--sender-3);
      }
      line {
        stroke: var(--ink);
        stroke-width: 1.25;
      }
      .legend {
        display: flex;
        gap: 1rem;
        font-size: 0.8125rem;
        margin: 0.25rem 0 0.5rem;
      }
      .legend svg {
        width: 0.75rem;
        height: 0.75rem;
        display: inline-block;
        margin-inline-end: 0.375rem;
      }
    `,
  ];
  @property({ attribute: false }) name = "";
  @property({ attribute: false }) bars: readonly Bar[] = [];
  /** Names of the values, where there are several. */
  @property({ attribute: false }) series: readonly string[] = [];
  @property({ type: Number }) digits = 1;

  override render() {
    const values = this.bars.flatMap((bar) => bar.values.flatMap((value) => value ?? []));
    if (values.length === 0) return nothing;
    const most = Math.max(...values.map(({ mean, deviation }) => mean + deviation), Number.MIN_VALUE);
    const length = (value: number): number => (Math.max(0, value) / most) * (WIDTH - ROOM);
    const rowHeight = 18 + Math.max(1, this.series.length) * (HEIGHT + 2) + GAP;
    const words = this.bars.map(
      ({ label, values }) =>
        `${label} ${values.map((value) => (value ? number(value.mean, this.digits) : "–")).join(", ")}`,
    );
    return html`<figure>
      <figcaption>${this.name}</figcaption>
      ${this.series.length > 1 ? this.renderLegend() : nothing}
      <svg
        viewBox="0 0 ${WIDTH} ${rowHeight * this.bars.length}"
        role="img"
        aria-label="${this.t.compare.chartOf(this.name)}: ${words.join("; ")}"
      >
        ${this.bars.map(
          ({ label, values }, row) => svg`
            <text x="0" y=${row * rowHeight + 13}>${label}</text>
            ${values.map((value, index) => {
              const y = row * rowHeight + 18 + index * (HEIGHT + 2);
              return value ? this.renderBar(value, index, y, length) : svg`<text x="4" y=${y + 12}>–</text>`;
            })}`,
        )}
      </svg>
    </figure>`;
  }

  private renderLegend() {
    const swatch = (index: number) =>
      html`<svg viewBox="0 0 1 1"><rect class="v${index}" width="1" height="1"></rect></svg>`;
    return html`<div class="legend" aria-hidden="true">
      ${this.series.map((name, index) => html`<span>${swatch(index)}${name}</span>`)}
    </div>`;
  }

  /** The bar of one value, with a line for its standard deviation if it is a mean of several. */
  private renderBar({ mean, deviation, count }: Spread, index: number, y: number, length: (value: number) => number) {
    const [end, low, high] = [length(mean), length(mean - deviation), length(mean + deviation)];
    const middle = y + HEIGHT / 2;
    const words = count > 1 ? ` ± ${number(deviation, this.digits)}` : "";
    return svg`<rect class="v${index}" x="0" y=${y} width=${Math.max(1, end)} height=${HEIGHT} rx="3"></rect>
      ${count > 1 ? svg`<line x1=${low} x2=${high} y1=${middle} y2=${middle}></line>` : nothing}
      <text x=${high + 6} y=${y + 12}>${number(mean, this.digits)}${words}</text>`;
  }
}
