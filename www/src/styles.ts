// The components' styles. Lit adopts them as constructed sheets, which the content security policy permits.
import { css } from "lit";

export const styles = css`
  :host { display: block; }
  header { display: flex; align-items: baseline; gap: .75rem; flex-wrap: wrap; margin-bottom: 1.25rem; }
  h1 { font: 600 1.75rem/1.2 Georgia, "Times New Roman", serif; margin: 0; letter-spacing: -.01em; }
  h2 { font: 600 1.125rem/1.3 Georgia, "Times New Roman", serif; margin: 0 0 .5rem; }
  header p, .quiet { color: var(--quiet); margin: 0; font-size: .9rem; }
  main { display: grid; gap: 1rem; }
  @media (min-width: 56rem) {
    main { grid-template-columns: 1fr 1fr; align-items: start; }
    .wide { grid-column: 1 / -1; }
  }
  section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem; min-width: 0; }
  label { display: block; font-size: .875rem; font-weight: 600; margin: .75rem 0 .25rem; }
  select, textarea { box-sizing: border-box; width: 100%; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: .5rem; padding: .625rem; }
  textarea { min-height: 16rem; resize: vertical; font-size: .9375rem; }
  .row { display: flex; gap: .625rem; flex-wrap: wrap; align-items: center; margin-top: .875rem; }
  .pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
  button { font: inherit; font-weight: 600; line-height: 1; min-height: 2.75rem; padding: 0 1.125rem; border-radius: .5rem; border: 1px solid var(--accent); background: transparent; color: var(--accent); cursor: pointer; }
  button.main { background: var(--accent); color: var(--on-accent); }
  button:disabled { border-color: var(--line); color: var(--quiet); background: transparent; cursor: not-allowed; }
  :focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
  progress { width: 100%; height: .625rem; accent-color: var(--accent); margin-top: .875rem; }
  .summary { font: 1.25rem/1.5 Georgia, "Times New Roman", serif; border-left: 4px solid var(--mark); padding: .25rem 0 .25rem 1rem; min-height: 1.9rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  .notice { background: var(--bubble); border-radius: .5rem; padding: .625rem .75rem; margin: .75rem 0 0; font-size: .9375rem; }
  .problem { border: 1px solid var(--mark); border-radius: .5rem; padding: .75rem; margin-top: .75rem; }
  .problem p { margin: 0 0 .5rem; }
  dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; margin: 1rem 0 0; }
  dt { font-size: .8125rem; color: var(--quiet); }
  dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }
  .spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;

/** The page's own frame. */
export const frame = css`
  :host { max-width: 68rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
`;
