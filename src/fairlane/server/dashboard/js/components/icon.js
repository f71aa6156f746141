// Line icons, drawn on a grid of 16.
import { html } from "../lib/ui.js";

const SHAPES = {
  overview: ["M2.5 13.5v-5", "M6.2 13.5v-9", "M9.8 13.5v-6", "M13.5 13.5v-11"],
  jobs: ["M2.5 4h1", "M6 4h7.5", "M2.5 8h1", "M6 8h7.5", "M2.5 12h1", "M6 12h7.5"],
  tenants: ["M2 4h6", "M2 8h12", "M2 12h3", "M11 4h3", "M8 12h6"],
  schedules: ["M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z", "M8 5v3l2 1.6"],
  queues: ["M2.5 3h11v3h-11z", "M2.5 10h11v3h-11z", "M5 4.5h.01", "M5 11.5h.01"],
  workers: ["M4.5 4.5h7v7h-7z", "M6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14"],
  plus: ["M8 3v10", "M3 8h10"],
  search: ["M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Z", "M10.4 10.4 13.5 13.5"],
  sun: ["M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z", "M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9"],
  moon: ["M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z"],
  system: ["M2.5 3h11v7.5h-11z", "M6 13.5h4", "M8 10.5v3"],
  keyboard: ["M1.5 4h13v8h-13z", "M4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6"],
  copy: ["M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3"],
  check: ["M3 8.5l3.2 3.2L13 4.8"],
  pause: ["M5.5 3.5v9", "M10.5 3.5v9"],
  play: ["M5 3.2v9.6L12.5 8z"],
  edit: ["M3 13l.6-2.8 7-7 2.2 2.2-7 7z"],
  close: ["M4 4l8 8", "M12 4l-8 8"],
  right: ["M6 3.5 10.5 8 6 12.5"],
  left: ["M10 3.5 5.5 8l4.5 4.5"],
  down: ["M3.5 6 8 10.5 12.5 6"],
  alert: ["M8 2.2 14.5 13.5h-13z", "M8 6.5v3.2", "M8 11.6h.01"],
  more: ["M3.5 8h.01", "M8 8h.01", "M12.5 8h.01"],
  menu: ["M2.5 4.5h11", "M2.5 8h11", "M2.5 11.5h11"],
  refresh: ["M13 8a5 5 0 1 1-1.6-3.7", "M13 2.5v3h-3"],
  book: ["M8 3.8C6.5 2.8 4.5 2.6 2.5 2.8v9.7c2-.2 4 0 5.5 1 1.5-1 3.5-1.2 5.5-1V2.8c-2-.2-4 0-5.5 1Z", "M8 3.8v9.7"],
  trash: ["M3 4.5h10", "M6 4.5v-2h4v2", "M4.3 4.5l.7 9h6l.7-9"],
};

export function Icon({ name, size = 16 }) {
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true">
    ${SHAPES[name].map((d) => html`<path d=${d} />`)}
  </svg>`;
}
