// JSON as a tree. It renders expanded values only, and long lists in parts, so that size and depth cost little.

import { count, plural } from "../lib/format.js";
import { childrenOf, layOut, parseTree, sizeOf } from "../lib/json.js";
import { html, useMemo, useRef, useState } from "../lib/ui.js";
import { Button, Copy } from "./basics.js";

const OPEN_AT_FIRST = 40; // rows
const PART = 100; // values of one list that are shown at once
const LONG = 300; // characters of a string
const DEEPEST_INDENT = 24;

/** A valid JSON `text`. */
export function JsonTree({ text, label }) {
  const node = useMemo(() => parseTree(text), [text]);
  const [view, setView] = useState(() => ({ open: openedTo(node, OPEN_AT_FIRST), parts: new Map(), long: new Set() }));
  const [current, setCurrent] = useState(node);
  const root = useRef();
  const rows = useMemo(() => rowsOf(node, view), [node, view]);
  const pretty = useMemo(() => layOut(text, node), [text, node]);
  const change = (field, make) => setView((old) => ({ ...old, [field]: make(old[field]) }));
  const fold = (part, open) => change("open", (old) => (open ? new Set(old).add(part) : without(old, part)));
  const act = {
    fold,
    more: (part) => change("parts", (old) => new Map(old).set(part, (old.get(part) ?? PART) + PART)),
    lengthen: (part) => change("long", (old) => new Set(old).add(part)),
  };
  const focus = (row) => {
    setCurrent(row.node);
    root.current.querySelectorAll("[role=treeitem]")[rows.filter((one) => one.node).indexOf(row)]?.focus();
  };
  const here = rows.some((row) => row.node === current) ? current : node;
  return html`<div class="json">
    <div class="json-tools">
      ${
        sizeOf(node) > 0 &&
        html`
        <${Button} small tone="plain" onClick=${() => change("open", () => openedTo(node, Infinity))}>Expand</${Button}>
        <${Button} small tone="plain" onClick=${() => change("open", () => new Set())}>Collapse</${Button}>`
      }
      <${Copy} text=${pretty} label=${`Copy the ${label.toLowerCase()}`} />
    </div>
    <div class="json-rows" role="tree" aria-label=${label} ref=${root} onKeyDown=${(event) => onKey(event, rows, here, fold, focus)}>
      ${rows.map((row) => html`<${Row} key=${row.key} row=${row} view=${view} act=${act} current=${here} onFocus=${setCurrent} text=${text} />`)}
    </div>
  </div>`;
}

const without = (set, one) => new Set([...set].filter((other) => other !== one));

/** The containers to expand, nearest to the root first, for about `limit` rows. */
function openedTo(root, limit) {
  const open = new Set();
  const near = [root];
  for (let rows = 1, i = 0; i < near.length && open.size < 2000; i++) {
    const shown = Math.min(sizeOf(near[i]), PART);
    if (!shown || (i > 0 && rows + shown > limit) || rows > 2000) continue;
    rows += shown;
    open.add(near[i]);
    near.push(
      ...childrenOf(near[i])
        .slice(0, PART)
        .map(([, child]) => child),
    );
  }
  return open;
}

/** The rows: {node, name, level, key}, or {more, of, level, key} for the rest of a long list. */
function rowsOf(root, { open, parts }) {
  const rows = [];
  const todo = [{ node: root, name: null, level: 1 }];
  while (todo.length) {
    const row = todo.pop();
    rows.push({ ...row, key: row.more ? `more-${row.of.start}` : row.node.start });
    if (row.more || !open.has(row.node)) continue;
    const children = childrenOf(row.node);
    const shown = parts.get(row.node) ?? PART;
    const level = row.level + 1;
    if (children.length > shown) todo.push({ more: children.length - shown, of: row.node, level });
    for (let i = Math.min(shown, children.length) - 1; i >= 0; i--)
      todo.push({ node: children[i][1], name: children[i][0], level });
  }
  return rows;
}

function Row({ row, view, act, current, onFocus, text }) {
  const indent = { paddingInlineStart: `${Math.min(row.level - 1, DEEPEST_INDENT) * 16}px` };
  if (row.more) {
    return html`<div class="json-row" role="presentation" style=${indent}>
      <${Button} small tone="plain" onClick=${() => act.more(row.of)}>Show ${Math.min(row.more, PART)} of ${count(row.more)} more</${Button}>
    </div>`;
  }
  const { node, name, level } = row;
  const folds = sizeOf(node) > 0;
  const open = view.open.has(node);
  return html`<div class="json-row" role="treeitem" style=${indent} aria-level=${level} tabindex=${node === current ? 0 : -1}
    aria-expanded=${folds ? String(open) : undefined} onFocus=${() => onFocus(node)} onClick=${() => folds && act.fold(node, !open)}>
    <span class=${folds ? "json-mark" : "json-mark leaf"} aria-hidden="true">${folds ? (open ? "▾" : "▸") : ""}</span>
    ${name !== null && html`<span class=${typeof name === "number" ? "json-index" : "json-key"}>${typeof name === "number" ? name : JSON.stringify(name)}</span>: `}
    <${Value} node=${node} text=${text} open=${open} long=${view.long.has(node)} lengthen=${act.lengthen} />
  </div>`;
}

function Value({ node, text, open, long, lengthen }) {
  if (node.close) {
    const [first, last] = node.entries ? "{}" : "[]";
    if (open && sizeOf(node)) return html`<span class="json-brace">${first}</span>`;
    const size = sizeOf(node);
    return html`<span class="json-brace">${first}${size ? " … " : ""}${last}</span>
      ${size > 0 && html` <span class="quiet">${node.entries ? plural(size, "entry", "entries") : plural(size, "item")}</span>`}`;
  }
  const source = text.slice(node.start, node.end);
  if (long || source.length <= LONG) return html`<span class=${`json-${node.kind}`}>${source}</span>`;
  const show = (event) => {
    event.stopPropagation();
    lengthen(node);
  };
  return html`<span class=${`json-${node.kind}`}>${source.slice(0, LONG)}…</span>
    <${Button} small tone="plain" onClick=${show}>Show all ${count(source.length)} characters</${Button}>`;
}

function onKey(event, rows, current, fold, focus) {
  const items = rows.filter((row) => row.node);
  const here = items.findIndex((row) => row.node === current);
  const { node, level } = items[here];
  const parent = () => items.slice(0, here).findLast((row) => row.level < level);
  const moves = {
    ArrowDown: () => items[here + 1],
    ArrowUp: () => items[here - 1],
    Home: () => items[0],
    End: () => items.at(-1),
    ArrowRight: () => (items[here + 1]?.level > level ? items[here + 1] : void (sizeOf(node) && fold(node, true))),
    ArrowLeft: () => (items[here + 1]?.level > level ? void fold(node, false) : parent()),
  };
  if (event.target.role !== "treeitem" || !(event.key in moves)) return;
  event.preventDefault();
  const next = moves[event.key]();
  if (next) focus(next);
}
