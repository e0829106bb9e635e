// Styles shared by all components. Lit adopts them as constructed style sheets, which the content security policy
// allows.
import { css } from "lit";

export const base = css`
  :host {
    display: block;
    min-width: 0;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3 {
    margin: 0;
    line-height: 1.25;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  h1 {
    font-size: 1.25rem;
  }
  h2 {
    font-size: 1.125rem;
  }
  h3 {
    font-size: 0.9375rem;
  }
  p {
    margin: 0;
  }
  .quiet {
    color: var(--quiet);
    font-size: 0.875rem;
  }
  .card {
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 1rem;
    padding: 1rem;
  }
  .stack {
    display: grid;
    gap: 0.75rem;
    min-width: 0;
  }
  .row {
    display: flex;
    gap: 0.5rem;
    flex-wrap: wrap;
    align-items: center;
    min-width: 0;
  }
  .grow {
    flex: 1;
    min-width: 0;
  }
  label {
    display: block;
    font-size: 0.8125rem;
    font-weight: 600;
    color: var(--quiet);
    margin-bottom: 0.1875rem;
  }
  label.check {
    display: flex;
    gap: 0.5rem;
    align-items: center;
    min-height: 2.5rem;
    margin: 0;
    font: inherit;
    color: inherit;
  }
  select,
  input,
  textarea {
    width: 100%;
    min-height: 2.75rem;
    font: inherit;
    color: inherit;
    background: var(--card);
    border: 1px solid var(--field);
    border-radius: 0.75rem;
    padding: 0.5rem 0.75rem;
  }
  input[type="checkbox"],
  input[type="radio"] {
    width: 1.25rem;
    min-height: 1.25rem;
    accent-color: var(--accent);
    margin: 0;
    flex: none;
  }
  textarea {
    resize: vertical;
  }
  button {
    font: inherit;
    font-size: 0.9375rem;
    font-weight: 600;
    line-height: 1.1;
    min-height: 2.75rem;
    padding: 0.375rem 1rem;
    border-radius: 1.5rem;
    border: 1px solid var(--accent);
    background: transparent;
    color: var(--accent);
    cursor: pointer;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.5rem;
  }
  button.main {
    background: var(--accent);
    color: var(--on-accent);
  }
  button.soft {
    border-color: transparent;
    background: var(--soft);
  }
  button.plain {
    border-color: transparent;
  }
  button.icon {
    padding: 0;
    width: 2.75rem;
    border-color: transparent;
    flex: none;
    color: inherit;
  }
  button.danger {
    border-color: var(--mark);
    color: var(--mark);
  }
  button:disabled {
    border-color: var(--line);
    color: var(--quiet);
    background: transparent;
    cursor: not-allowed;
  }
  @media (hover: hover) {
    button:not(:disabled):not(.main):hover {
      background: var(--soft);
    }
  }
  svg.icon {
    width: 1.375rem;
    height: 1.375rem;
    flex: none;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.75;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  :focus-visible {
    outline: 3px solid var(--mark);
    outline-offset: 2px;
  }
  progress {
    width: 100%;
    height: 0.5rem;
    accent-color: var(--accent);
  }
  .notice {
    background: var(--soft);
    border-radius: 0.75rem;
    padding: 0.625rem 0.875rem;
    font-size: 0.9375rem;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

/** Styles of a view: a scrolling column of cards. */
export const view = css`
  :host {
    height: 100%;
    overflow-y: auto;
  }
  .column {
    max-width: 46rem;
    margin: 0 auto;
    padding: 1.25rem 1rem 2rem;
    display: grid;
    gap: 1rem;
    grid-template-columns: minmax(0, 1fr);
  }
`;

/** Styles of a drop zone and of labels that open a file picker. */
export const filePicker = css`
  .drop {
    border: 2px dashed var(--field);
    border-radius: 1rem;
    padding: 1rem;
    display: grid;
    gap: 0.5rem;
    justify-items: center;
    text-align: center;
  }
  .drop.over {
    background: var(--soft);
    border-color: var(--accent);
  }
  input[type="file"] {
    position: absolute;
    width: 1px;
    height: 1px;
    min-height: 0;
    opacity: 0;
    padding: 0;
  }
  .pick:focus-within {
    outline: 3px solid var(--mark);
    outline-offset: 2px;
    border-radius: 1.5rem;
  }
  .pick {
    position: relative;
    display: inline-flex;
    align-items: center;
    gap: 0.5rem;
    min-height: 2.75rem;
    padding: 0.375rem 1rem;
    border-radius: 1.5rem;
    background: var(--soft);
    color: var(--accent);
    font-size: 0.9375rem;
    font-weight: 600;
    cursor: pointer;
    margin: 0;
  }
`;

/** Styles of a modal dialog. */
export const dialog = css`
  dialog {
    border: 0;
    border-radius: 1.25rem;
    padding: 1.25rem;
    width: min(34rem, 100vw - 1.5rem);
    max-height: calc(100dvh - 2rem);
    background: var(--card);
    color: var(--ink);
    box-shadow: 0 1rem 3rem var(--shadow);
    overflow-y: auto;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }
  dialog header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin-bottom: 0.75rem;
  }
`;
