// Line icons for buttons. They are hidden from screen readers; the buttons' labels say what they mean.
import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";

const drawings = {
  back: svg`<path d="M15 5l-7 7 7 7"/>`,
  chat: svg`<path d="M4 5h16v11H10l-5 4v-4H4z"/>`,
  compare: svg`<path d="M5 20v-8M12 20V4M19 20v-5"/>`,
  model: svg`<path d="M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5"/>`,
  settings: svg`<path d="M4 7h10M18 7h2M4 17h2M10 17h10"/><circle cx="16" cy="7" r="2"/><circle cx="8" cy="17" r="2"/>`,
  replay: svg`<path d="M8 5l11 7-11 7z"/>`,
  pause: svg`<path d="M9 5v14M15 5v14"/>`,
  skip: svg`<path d="M5 5l9 7-9 7zM18 5v14"/>`,
  edit: svg`<path d="M4 20l1-4L16 5l3 3L8 19zM14 7l3 3"/>`,
  share: svg`
    <circle cx="6" cy="12" r="2.5"/>
    <circle cx="17" cy="6" r="2.5"/>
    <circle cx="17" cy="18" r="2.5"/>
    <path d="M8.3 10.8l6.4-3.5M8.3 13.2l6.4 3.5"/>
  `,
  copy: svg`
    <rect x="8" y="8" width="11" height="12" rx="2"/>
    <path d="M16 8V5a1 1 0 0 0-1-1H6a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h2"/>
  `,
  speak: svg`<path d="M4 10v4h3l5 4V6l-5 4zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11"/>`,
  stop: svg`<rect x="6" y="6" width="12" height="12" rx="2"/>`,
  import: svg`<path d="M12 4v11M8 11l4 4 4-4M5 20h14"/>`,
  dice: svg`
    <rect x="4" y="4" width="16" height="16" rx="4"/>
    <path d="M9 9h.01M15 15h.01M15 9h.01M9 15h.01M12 12h.01"/>
  `,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  close: svg`<path d="M6 6l12 12M18 6L6 18"/>`,
  trash: svg`<path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13"/>`,
  gist: svg`<path d="M4 4h16v12H10l-5 4v-4H4z"/><path d="M8 8h8M8 12h5"/>`,
} satisfies Record<string, SVGTemplateResult>;

export type Icon = keyof typeof drawings;

export function icon(name: Icon): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${drawings[name]}</svg>`;
}
