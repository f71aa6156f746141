// A labelled input of a form, with its error.
import { html, useId } from "../lib/ui.js";

/** `control(properties)` renders the input. The properties tie it to its label, hint and error. `beside` stands beside the label. */
export function Field({ name, hint, error, wide, beside, control }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return html`<div class=${wide ? "field wide" : "field"}>
    ${beside ? html`<div class="field-head"><label for=${id}>${name}</label>${beside}</div>` : html`<label for=${id}>${name}</label>`}
    ${control({ id, "aria-describedby": described, "aria-invalid": error ? "true" : undefined })}
    ${error && html`<p class="error" id=${`${id}-error`}>${error}</p>`}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

/** A field of one line. */
export const TextField = ({ value, onChange, name, hint, error, wide, ...rest }) => html`
  <${Field} name=${name} hint=${hint} error=${error} wide=${wide} control=${(tied) => html`
    <input class="input" type="text" autocomplete="off" spellcheck=${false} ...${tied} ...${rest} value=${value}
      onInput=${(event) => onChange(event.target.value)} />`} />`;
