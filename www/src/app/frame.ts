// Styles of the page's frame: on phones one view with tabs below it; on larger screens the chats on the left and tabs
// above the view.
import { css } from "lit";

export const frame = css`
  :host {
    display: block;
    height: 100dvh;
  }
  .frame {
    height: 100%;
    display: grid;
    grid-template: minmax(0, 1fr) auto / minmax(0, 1fr);
  }
  main {
    display: contents;
  }
  .pane {
    display: flex;
    flex-direction: column;
    min-height: 0;
    min-width: 0;
    position: relative;
  }
  .pane > .view {
    flex: 1;
    min-height: 0;
  }
  .chat {
    display: flex;
    flex-direction: column;
  }
  .chat chat-view {
    flex: 1;
  }
  .side {
    display: none;
    min-height: 0;
    min-width: 0;
    flex-direction: column;
    background: var(--card);
  }
  .side chat-list {
    flex: 1;
    min-height: 0;
  }
  .brand {
    display: flex;
    align-items: center;
    gap: 0.625rem;
    padding: 0.75rem 1rem 0;
    font-weight: 700;
    font-size: 1.125rem;
    letter-spacing: -0.01em;
    background: var(--card);
  }
  .brand img {
    border-radius: 0.625rem;
  }
  [data-view="chats"] .side {
    display: flex;
    grid-row: 1;
  }
  [data-view="chats"] .pane {
    display: none;
  }
  nav {
    display: grid;
    grid-template-columns: repeat(4, 1fr);
    background: var(--card);
    border-top: 1px solid var(--line);
    padding-bottom: env(safe-area-inset-bottom);
  }
  nav button {
    border: 0;
    border-radius: 0;
    flex-direction: column;
    gap: 0.125rem;
    min-height: 3.5rem;
    padding: 0.25rem;
    font-size: 0.75rem;
    color: var(--quiet);
  }
  nav button[aria-current="page"] {
    color: var(--accent);
  }
  .banner {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem 0.75rem;
    padding: 0.5rem 1rem;
    background: var(--soft);
    font-size: 0.9375rem;
  }
  .banner p {
    flex: 1;
    min-width: 12rem;
  }
  .banner.problem {
    background: var(--card);
    border-bottom: 2px solid var(--mark);
  }
  .banner.problem b {
    color: var(--mark);
    display: block;
  }
  @media (min-width: 60rem) {
    .frame {
      grid-template: auto minmax(0, 1fr) / 21rem minmax(0, 1fr);
    }
    .side {
      display: flex;
      grid-row: 1 / -1;
      border-inline-end: 1px solid var(--line);
    }
    .pane {
      grid-row: 2;
      grid-column: 2;
    }
    [data-view="chats"] .pane {
      display: flex;
    }
    nav {
      grid-row: 1;
      grid-column: 2;
      display: flex;
      gap: 0.25rem;
      border-top: 0;
      border-bottom: 1px solid var(--line);
      padding: 0.375rem 0.75rem;
    }
    nav button {
      flex-direction: row;
      min-height: 2.5rem;
      padding: 0 1rem;
      border-radius: 1.25rem;
      font-size: 0.9375rem;
      gap: 0.5rem;
    }
    nav button[aria-current="page"] {
      background: var(--soft);
    }
  }
`;
