// A form for a tenant's limits. Changes apply at once, while jobs run.
import { at, del, put } from "../lib/api.js";
import { count, rate } from "../lib/format.js";
import { html, useId, useState } from "../lib/ui.js";
import { Button, Card } from "./basics.js";
import { toast, toastError } from "./floating.js";

const UNITS = [
  ["1", "second"],
  ["60", "minute"],
  ["3600", "hour"],
  ["86400", "day"],
];
const MOST = 100_000;

/** The limits as the form holds them: as text, and whether there is a limit (`on`). */
function draftOf({ submitRate, concurrency, startRate, weight }) {
  return {
    submitRate: rateDraft(submitRate),
    concurrency: { on: concurrency !== null, text: String(concurrency ?? 5) },
    startRate: rateDraft(startRate),
    weight: String(weight),
  };
}

function rateDraft(value) {
  const seconds = value?.windowSeconds ?? 60;
  const [unit] = UNITS.toReversed().find(([size]) => seconds % Number(size) === 0) ?? ["1"];
  return { on: value !== null, text: String(value?.limit ?? 10), times: String(seconds / Number(unit)), unit };
}

const isWhole = (text, most = MOST) => /^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most;

/** By field, what is wrong. */
function faultsOf(draft) {
  const faults = {};
  for (const name of ["submitRate", "startRate"]) {
    const { on, text, times, unit } = draft[name];
    const seconds = Number(times) * Number(unit);
    if (on && !isWhole(text)) faults[name] = `Enter a whole number of jobs from 1 to ${count(MOST)}.`;
    else if (on && !(times.trim() && seconds >= 0.001 && seconds <= 86_400))
      faults[name] = "Enter a time above 0 and up to one day.";
  }
  if (draft.concurrency.on && !isWhole(draft.concurrency.text))
    faults.concurrency = `Enter a whole number of jobs from 1 to ${count(MOST)}.`;
  const weight = Number(draft.weight);
  if (!(draft.weight.trim() && weight >= 0.01 && weight <= 1000)) faults.weight = "Enter a number from 0.01 to 1,000.";
  return faults;
}

function limitsOf(draft) {
  const rate = ({ on, text, times, unit }) =>
    on ? { limit: Number(text), windowSeconds: Number(times) * Number(unit) } : null;
  return {
    submitRate: rate(draft.submitRate),
    concurrency: draft.concurrency.on ? Number(draft.concurrency.text) : null,
    startRate: rate(draft.startRate),
    weight: Number(draft.weight),
  };
}

/** The limits that the draft changes. */
function changesOf(draft, tenant) {
  return Object.fromEntries(
    Object.entries(limitsOf(draft)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(tenant[name])),
  );
}

export function Limits({ tenant, onChanged }) {
  const [draft, setDraft] = useState(null); // null until the first edit, so that changes by others show
  const [refused, setRefused] = useState({});
  const [busy, setBusy] = useState(false);
  const shown = draft ?? draftOf(tenant);
  const faults = { ...refused, ...faultsOf(shown) };
  const changes = Object.keys(faultsOf(shown)).length ? null : changesOf(shown, tenant);
  const edit = (name) => (value) => {
    setRefused({});
    setDraft({ ...shown, [name]: value });
  };
  const discard = () => {
    setDraft(null);
    setRefused({});
  };
  const change = async (asked, words) => {
    setBusy(true);
    try {
      onChanged(await asked());
      setDraft(null);
      toast(words);
    } catch (error) {
      const byField = Object.fromEntries(
        (error.fields ?? []).map(({ pointer, detail }) => [pointer.split("/")[1], detail]),
      );
      setRefused(byField);
      if (!Object.keys(byField).length) toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const save = (event) => {
    event.preventDefault();
    if (busy || !changes || !Object.keys(changes).length) return;
    change(() => put(at`/tenants/${tenant.id}`, changes), `Limits of ${tenant.id} saved`);
  };
  const reset = () => change(() => del(at`/tenants/${tenant.id}/limits`), `${tenant.id} uses the default limits`);
  return html`<${Card} title="Limits" sub=${tenant.customized ? "set for this tenant" : "defaults"}>
    <form class="limits" onSubmit=${save} novalidate>
      <${RateField} name="Submission rate" hint="Above it, the API refuses submissions with status 429." value=${shown.submitRate} fault=${faults.submitRate} onChange=${edit("submitRate")} />
      <${Field} name="Concurrency" hint="Jobs running at once. Others wait in the lane." fault=${faults.concurrency}>
        ${(id) => html`<${Limited} value=${shown.concurrency} onChange=${edit("concurrency")} name="Concurrency">
          <${Text} id=${id} value=${shown.concurrency.text} fault=${faults.concurrency} numeric onChange=${(text) => edit("concurrency")({ ...shown.concurrency, text })} /><span>jobs</span>
        </${Limited}>`}
      </${Field}>
      <${RateField} name="Start rate" hint="Jobs started per time. Others wait in the lane." value=${shown.startRate} fault=${faults.startRate} onChange=${edit("startRate")} />
      <${Field} name="Weight" hint="A tenant with weight 2 starts twice as many jobs as one with weight 1." fault=${faults.weight}>
        ${(id) => html`<span class="together"><${Text} id=${id} value=${shown.weight} fault=${faults.weight} decimal onChange=${edit("weight")} /></span>`}
      </${Field}>
      <footer class="limits-foot">
        <span class="quiet">${summary(changes, draft)}</span>
        <span class="actions">
          ${tenant.customized && html`<${Button} tone="plain" disabled=${busy} onClick=${reset}>Reset to defaults</${Button}>`}
          <${Button} tone="plain" disabled=${!draft} onClick=${discard}>Discard</${Button}>
          <button class="button primary" type="submit" disabled=${busy || !changes || !Object.keys(changes).length} aria-busy=${busy ? "true" : undefined}>Save limits</button>
        </span>
      </footer>
    </form>
  </${Card}>`;
}

function summary(changes, draft) {
  if (!draft) return "Changes apply to the next submission and the next start.";
  if (!changes) return "Correct the marked fields.";
  const words = {
    submitRate: (value) => `submissions: ${rate(value)}`,
    concurrency: (value) => `concurrency: ${value ?? "no limit"}`,
    startRate: (value) => `starts: ${rate(value)}`,
    weight: (value) => `weight: ${value}`,
  };
  const said = Object.entries(changes).map(([name, value]) => words[name](value));
  return said.length ? `New ${said.join(", ")}.` : "No changes.";
}

function Field({ name, hint, fault, children }) {
  const id = useId();
  return html`<div class="limit">
    <div class="field"><label for=${id}>${name}</label><span class="hint">${hint}</span></div>
    <div class="field">${children(id)}${fault && html`<span class="error" id=${`${id}-fault`} role="alert">${fault}</span>`}</div>
  </div>`;
}

const RateField = ({ name, hint, value, fault, onChange }) => html`<${Field} name=${name} hint=${hint} fault=${fault}>
  ${(id) => html`<${Limited} value=${value} onChange=${onChange} name=${name}>
    <${Text} id=${id} value=${value.text} fault=${fault} numeric onChange=${(text) => onChange({ ...value, text })} /><span>per</span>
    <${Text} value=${value.times} label=${`${name}: length of time`} short decimal onChange=${(times) => onChange({ ...value, times })} />
    <select class="select unit" aria-label=${`${name}: unit of time`} value=${value.unit} onChange=${(event) => onChange({ ...value, unit: event.target.value })}>
      ${UNITS.map(([size, words]) => html`<option key=${size} value=${size} selected=${size === value.unit}>${value.times === "1" ? words : `${words}s`}</option>`)}
    </select>
  </${Limited}>`}
</${Field}>`;

/** Inputs of a limit, and a checkbox for having none. */
const Limited = ({ name, value, onChange, children }) => html`
  ${value.on && html`<span class="together">${children}</span>`}
  <label class="check"><input type="checkbox" checked=${!value.on} aria-label=${`${name}: no limit`} onChange=${(event) => onChange({ ...value, on: !event.target.checked })} />No limit</label>
`;

const Text = ({
  id,
  value,
  fault,
  label,
  short,
  numeric,
  decimal,
  onChange,
}) => html`<input id=${id} class=${short ? "input short" : "input amount"} value=${value}
  inputmode=${numeric ? "numeric" : decimal ? "decimal" : undefined} aria-label=${label} aria-invalid=${fault ? "true" : undefined}
  aria-describedby=${fault && id ? `${id}-fault` : undefined} autocomplete="off" onInput=${(event) => onChange(event.target.value)} />`;
