// The controls of a replay.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ReplaySpeed } from "../app/state/replay";
import { Component } from "./component";
import { icon } from "./icons";
import { base } from "./styles";

const speeds: ReplaySpeed[] = [1, 4, 0];

@customElement("replay-bar")
export class ReplayBar extends Component {
  static override styles = [
    base,
    css`
      [role="group"] {
        display: flex;
        align-items: center;
        gap: 0.25rem;
        padding: 0.25rem 0.75rem;
        background: var(--card);
        border-bottom: 1px solid var(--line);
        overflow-x: auto;
      }
      .speed {
        min-height: 2.25rem;
        padding: 0 0.75rem;
        white-space: nowrap;
      }
      .speed[aria-pressed="true"] {
        background: var(--accent);
        color: var(--on-accent);
      }
      progress {
        flex: 1;
        min-width: 3rem;
      }
    `,
  ];
  @property({ type: Number }) position = 0;
  @property({ type: Number }) total = 0;
  @property({ type: Boolean }) paused = false;
  @property({ type: Number }) speed: ReplaySpeed = 1;

  override render() {
    const t = this.t.replay;
    const toggle = this.paused ? t.resume : t.pause;
    return html`<div role="group" aria-label=${t.bar}>
      <button class="icon" aria-label=${toggle} title=${toggle} @click=${() => this.emit("toggle-replay")}>
        ${icon(this.paused ? "replay" : "pause")}
      </button>
      ${speeds.map((speed) => this.renderSpeed(speed))}
      <progress max=${this.total} .value=${this.position} aria-label="${this.position} / ${this.total}"></progress>
      <button class="icon" aria-label=${t.skip} title=${t.skip} @click=${() => this.emit("skip-replay")}>
        ${icon("skip")}
      </button>
    </div>`;
  }

  private renderSpeed(speed: ReplaySpeed) {
    const t = this.t.replay;
    const label = speed === 0 ? t.instant : `${speed}×`;
    return html`<button
      class="plain speed"
      aria-pressed=${this.speed === speed ? "true" : "false"}
      aria-label="${t.speed}: ${label}"
      @click=${() => this.emit("replay-speed", speed)}
    >${label}</button>`;
  }
}
