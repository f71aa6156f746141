// Fields of forms for limits.
import { UNITS } from "../lib/limits.js";
import { html, useId } from "../lib/ui.js";

export function Field({ name, hint, fault, children }) {
  const id = useId();
  return html`<div class="limit">
    <div class="field"><label for=${id}>${name}</label><span class="hint">${hint}</span></div>
    <div class="field">${children(id)}${fault && html`<span class="error" id=${`${id}-fault`} role="alert">${fault}</span>`}</div>
  </div>`;
}

export const RateField = (props) => html`<${AmountField} ...${props}>
  <span>per</span>
  <${Time} name=${props.name} value=${props.value} label=${`${props.name}: length of time`} onChange=${props.onChange} />
</${AmountField}>`;

export const NumberField = (props) => html`<${AmountField} ...${props}><span>jobs</span></${AmountField}>`;

/** A number that may be unlimited, and what stands behind it. */
const AmountField = ({ name, hint, value, fault, onChange, children }) => html`
  <${Field} name=${name} hint=${hint} fault=${fault}>
    ${(id) => html`<${Limited} value=${value} onChange=${onChange} name=${name}>
      <${Text} id=${id} value=${value.text} fault=${fault} numeric onChange=${(text) => onChange({ ...value, text })} />${children}
    </${Limited}>`}
  </${Field}>
`;

/** A length of time and its unit. */
export const Time = ({ name, id, value, fault, label, onChange }) => html`
  <${Text} id=${id} value=${value.times} fault=${fault} label=${label} short decimal onChange=${(times) => onChange({ ...value, times })} />
  <select class="select unit" aria-label=${`${name}: unit of time`} value=${value.unit} onChange=${(event) => onChange({ ...value, unit: event.target.value })}>
    ${UNITS.map(([size, words]) => html`<option key=${size} value=${size} selected=${size === value.unit}>${value.times === "1" ? words : `${words}s`}</option>`)}
  </select>
`;

/** Inputs of a limit, and a checkbox for having none. */
const Limited = ({ name, value, onChange, children }) => html`
  ${value.on && html`<span class="together">${children}</span>`}
  <label class="check"><input type="checkbox" checked=${!value.on} aria-label=${`${name}: no limit`} onChange=${(event) => onChange({ ...value, on: !event.target.checked })} />No limit</label>
`;

export const Text = ({
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
