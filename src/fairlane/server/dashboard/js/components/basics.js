// Small pieces that every page uses.
import { inWords } from "../lib/api.js";
import { ago, dateTime, duration } from "../lib/format.js";
import { connection, now } from "../lib/store.js";
import { classes, html, useEffect, useRef, useState } from "../lib/ui.js";
import { Icon } from "./icon.js";

/** Names of the states. */
export const STATE_NAMES = {
  scheduled: "Scheduled",
  pending: "Pending",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const StateBadge = ({ state }) => html`<span class=${`badge ${state}`}>${STATE_NAMES[state] ?? state}</span>`;

/** A short remark. `tone`: neutral, warn, bad, good or accent. */
export const Badge = ({ tone = "neutral", title, children }) =>
  html`<span class=${`badge ${tone}`} title=${title}>${children}</span>`;

/** A time as its distance from now. The full time shows on hover. */
export function TimeAgo({ at }) {
  if (!at) return html`<span class="quiet">–</span>`;
  return html`<time datetime=${at} title=${dateTime(at)}>${ago(at, now.value)}</time>`;
}

/** The time from `from` until `to`, or until now. */
export function Elapsed({ from, to = null }) {
  if (!from) return html`<span class="quiet">–</span>`;
  const end = to ? new Date(to).getTime() : now.value;
  return html`<span class="number">${duration(Math.max(0, (end - new Date(from).getTime()) / 1000))}</span>`;
}

export function Button({ icon, tone, small, busy, disabled, children, ...rest }) {
  return html`<button
    type="button"
    class=${classes("button", tone, small && "small")}
    disabled=${busy || disabled}
    aria-busy=${busy ? "true" : undefined}
    ...${rest}
  >
    ${icon && html`<${Icon} name=${icon} size=${14} />`}${children}
  </button>`;
}

export const ButtonLink = ({ icon, tone, small, children, ...rest }) =>
  html`<a class=${classes("button", tone, small && "small")} ...${rest}>
    ${icon && html`<${Icon} name=${icon} size=${14} />`}${children}
  </a>`;

export const IconButton = ({ icon, label, ...rest }) =>
  html`<button type="button" class="icon-button" aria-label=${label} title=${label} ...${rest}><${Icon} name=${icon} /></button>`;

/** A button that copies a text and confirms it briefly. */
export function Copy({ text, label = "Copy" }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef();
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 1500);
  };
  const says = copied ? "Copied" : label;
  return html`<${IconButton} icon=${copied ? "check" : "copy"} label=${says} onClick=${copy} aria-live="polite" />`;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return;
  } catch {
    // Outside localhost, a page over plain HTTP can copy only a selection.
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Text to copy verbatim. */
export const Code = ({ text }) => html`<div class="code"><pre tabindex="0">${text}</pre><${Copy} text=${text} /></div>`;

/** A bar: `value` of `max`. `mark` is a share to compare with, on the same scale. */
export function Meter({ value, max, mark, tone, label }) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  return html`<span class=${classes("meter", tone)} role="meter" aria-label=${label} aria-valuemin="0"
    aria-valuemax=${max || 1} aria-valuenow=${Math.min(value, max || 1)}>
    <span class="meter-fill" style=${{ inlineSize: `${share * 100}%` }}></span>
    ${mark !== undefined && html`<span class="meter-mark" style=${{ insetInlineStart: `${Math.min(1, mark / max) * 100}%` }}></span>`}
  </span>`;
}

/** Progress towards `max`. Without `max` it only shows activity. */
export function Progress({ value, max, label }) {
  const known = max > 0;
  return html`<progress class="progress" aria-label=${label} ...${known ? { value: Math.min(value, max), max } : {}}></progress>`;
}

/** The head of a page: title, badges and actions. */
export const PageHead = ({ title, above, badges, sub, children }) => html`
  <header class="page-head">
    <div class="page-title">
      ${above && html`<p class="above">${above}</p>`}
      <h1 tabindex="-1">${title}${badges}</h1>
      ${sub && html`<p class="sub">${sub}</p>`}
    </div>
    ${children && html`<div class="actions">${children}</div>`}
  </header>
`;

/** A section of a page, drawn as a card. */
export const Card = ({ title, sub, actions, flush, children, ...rest }) => html`
  <section class=${classes("card", flush && "flush", rest.class)}>
    ${
      title &&
      html`<header class="card-head"><h2>${title}</h2>${sub && html`<span class="sub">${sub}</span>`}
      ${actions && html`<div class="actions">${actions}</div>`}</header>`
    }
    ${children}
  </section>
`;

/** One number of a `dl.figures`, with a note and, if given, a bar and a link. */
export const Figure = ({ state, name, value, note, bar, href }) => html`<div class="figure">
  <dt>${state && html`<i class=${`dot ${state}`}></i>`}${href ? html`<a href=${href}>${name}</a>` : name}</dt>
  <dd><strong>${value}</strong><span>${note}</span>${bar}</dd>
</div>`;

/** Stands for an empty list: says what would be here, and how to get it. */
export const Empty = ({ icon = "jobs", title, children, action }) => html`
  <div class="empty">
    <span class="empty-icon"><${Icon} name=${icon} size=${20} /></span>
    <h2>${title}</h2>
    <p>${children}</p>
    ${action}
  </div>
`;

/** An error: what is wrong and what to do. The shell alone says that the server does not answer. */
export function Problem({ error, retry }) {
  if (error.status === 0 && connection.value === "offline") return null;
  const { title, advice } = inWords(error);
  return html`<div class="notice bad" role="alert">
    <${Icon} name="alert" />
    <div><strong>${title}</strong>${advice && html`<p>${advice}</p>`}</div>
    ${retry && html`<${Button} small icon="refresh" onClick=${retry}>Try again</${Button}>`}
  </div>`;
}

/** A placeholder for rows that are loading. */
export const Skeleton = ({ rows = 5 }) => html`
  <div class="skeleton" role="status" aria-label="Loading">
    ${Array.from({ length: rows }, (_, i) => html`<span key=${i} class="bone"></span>`)}
  </div>
`;

/** Radio buttons. `options`: [[value, words]]. */
export const Choice = ({ label, value, options, onChange }) => html`
  <div class="choice" role="radiogroup" aria-label=${label}>
    ${options.map(
      ([option, words]) => html`
      <label key=${option} class=${option === value && "chosen"}>
        <input type="radio" name=${label} checked=${option === value} onChange=${() => onChange(option)} />${words}
      </label>`,
    )}
  </div>
`;
