// A tenant's limits, to be changed while jobs run.
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

/** The limits as a form holds them: texts, and whether there is a limit at all. */
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

/** By field, what is wrong with it. */
function faultsOf(draft) {
  const faults = {};
  for (const name of ["submitRate", "startRate"]) {
    const { on, text, times, unit } = draft[name];
    const seconds = Number(times) * Number(unit);
    if (on && !isWhole(text)) faults[name] = `Enter a whole number of jobs from 1 to ${count(MOST)}.`;
    else if (on && !(times.trim() && seconds >= 0.001 && seconds <= 86_400))
      faults[name] = "The time must be more than nothing and a day at most.";
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

/** Those limits that the draft changes. */
function changesOf(draft, tenant) {
  return Object.fromEntries(
    Object.entries(limitsOf(draft)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(tenant[name])),
  );
}

export function Limits({ tenant, onChanged }) {
  const [draft, setDraft] = useState(null); // null: nothing was touched, so what others change is shown
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
    change(() => put(at`/tenants/${tenant.id}`, changes), `Limits of ${tenant.id} changed`);
  };
  const reset = () => change(() => del(at`/tenants/${tenant.id}/limits`), `${tenant.id} has the default limits again`);
  return html`<${Card} title="Limits" sub=${tenant.customized ? "set for this tenant" : "the defaults of this system"}>
    <form class="limits" onSubmit=${save} novalidate>
      <${RateField} name="Submission rate" hint="More is refused with 429 and the time to wait." value=${shown.submitRate} fault=${faults.submitRate} onChange=${edit("submitRate")} />
      <${Field} name="Running at once" hint="More wait in the lane." fault=${faults.concurrency}>
        ${(id) => html`<${Limited} value=${shown.concurrency} onChange=${edit("concurrency")} name="Running at once">
          <${Text} id=${id} value=${shown.concurrency.text} fault=${faults.concurrency} numeric onChange=${(text) => edit("concurrency")({ ...shown.concurrency, text })} /><span>jobs</span>
        </${Limited}>`}
      </${Field}>
      <${RateField} name="Start rate" hint="More wait in the lane." value=${shown.startRate} fault=${faults.startRate} onChange=${edit("startRate")} />
      <${Field} name="Weight" hint="With 2, twice as many starts as a tenant with 1, while both wait." fault=${faults.weight}>
        ${(id) => html`<span class="together"><${Text} id=${id} value=${shown.weight} fault=${faults.weight} decimal onChange=${edit("weight")} /></span>`}
      </${Field}>
      <footer class="limits-foot">
        <span class="quiet">${summary(changes, draft)}</span>
        <span class="actions">
          ${tenant.customized && html`<${Button} tone="plain" disabled=${busy} onClick=${reset}>Back to the defaults</${Button}>`}
          <${Button} tone="plain" disabled=${!draft} onClick=${discard}>Discard</${Button}>
          <button class="button primary" type="submit" disabled=${busy || !changes || !Object.keys(changes).length} aria-busy=${busy ? "true" : undefined}>Save limits</button>
        </span>
      </footer>
    </form>
  </${Card}>`;
}

function summary(changes, draft) {
  if (!draft) return "Changes are felt by the next submission and the next start.";
  if (!changes) return "Mend what is marked.";
  const words = {
    submitRate: (value) => `submissions: ${rate(value)}`,
    concurrency: (value) => `running: ${value ?? "no limit"}`,
    startRate: (value) => `starts: ${rate(value)}`,
    weight: (value) => `weight: ${value}`,
  };
  const said = Object.entries(changes).map(([name, value]) => words[name](value));
  return said.length ? `Will be ${said.join(", ")}.` : "As it was.";
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
    <${Text} id=${id} value=${value.text} fault=${fault} numeric onChange=${(text) => onChange({ ...value, text })} /><span>in</span>
    <${Text} value=${value.times} label=${`${name}: length of time`} short decimal onChange=${(times) => onChange({ ...value, times })} />
    <select class="select unit" aria-label=${`${name}: unit of time`} value=${value.unit} onChange=${(event) => onChange({ ...value, unit: event.target.value })}>
      ${UNITS.map(([size, words]) => html`<option key=${size} value=${size} selected=${size === value.unit}>${value.times === "1" ? words : `${words}s`}</option>`)}
    </select>
  </${Limited}>`}
</${Field}>`;

/** Inputs that only matter where there is a limit. */
const Limited = ({ name, value, onChange, children }) => html`
  <label class="check"><input type="checkbox" checked=${value.on} aria-label=${`${name}: limited`} onChange=${(event) => onChange({ ...value, on: event.target.checked })} />${value.on ? "Limited to" : "No limit"}</label>
  ${value.on && html`<span class="together">${children}</span>`}
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
