// What floats above the page: dialogs and toasts.
import { inWords } from "../lib/api.js";
import { html, signal, useEffect, useId, useRef } from "../lib/ui.js";
import { Button, IconButton } from "./basics.js";
import { Icon } from "./icon.js";

/** A dialog, open while it is rendered. Escape, the close button and a click outside call `onClose`. */
export function Dialog({ title, onClose, actions, wide, children }) {
  const box = useRef();
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current.showModal(); // the browser keeps the focus within
    return () => before?.focus?.();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${box} class=${wide ? "dialog wide" : "dialog"} aria-labelledby=${id} onCancel=${cancel}
    onClick=${(event) => event.target === box.current && onClose()}>
    <div class="dialog-body">
      <header class="dialog-head"><h2 id=${id}>${title}</h2><${IconButton} icon="close" label="Close" onClick=${onClose} /></header>
      ${children}
      ${actions && html`<footer class="dialog-foot">${actions}</footer>`}
    </div>
  </dialog>`;
}

const question = signal(null);

/** Asks before something that cannot be undone. Resolves to whether the user confirmed. */
export function confirm({ title, text, action, danger = false }) {
  return new Promise((answer) => {
    question.value = { title, text, action, danger, answer };
  });
}

function Question() {
  if (!question.value) return null;
  const { title, text, action, danger, answer } = question.value;
  const say = (said) => {
    question.value = null;
    answer(said);
  };
  return html`<${Dialog} title=${title} onClose=${() => say(false)} actions=${html`
    <${Button} onClick=${() => say(false)}>Keep it</${Button}>
    <${Button} tone=${danger ? "danger" : "primary"} autofocus onClick=${() => say(true)}>${action}</${Button}>
  `}><p>${text}</p></${Dialog}>`;
}

const toasts = signal([]);
let made = 0;

/** Shows a message for a few seconds. `tone`: "good" or "bad". */
export function toast(text, { tone = "good", advice = "" } = {}) {
  const id = ++made;
  toasts.value = [...toasts.value.slice(-2), { id, text, tone, advice }];
  setTimeout(() => dismiss(id), tone === "bad" ? 9000 : 4000);
}

/** Shows an error for a few seconds. */
export function toastError(error) {
  const { title, advice } = inWords(error);
  toast(title, { tone: "bad", advice });
}

const dismiss = (id) => (toasts.value = toasts.value.filter((one) => one.id !== id));

/** The shell renders it once. */
export const Floating = () => html`
  <${Question} />
  <div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(
      ({ id, text, tone, advice }) => html`
      <div key=${id} class=${`toast ${tone}`}>
        <${Icon} name=${tone === "bad" ? "alert" : "check"} />
        <div><strong>${text}</strong>${advice && html`<p>${advice}</p>`}</div>
        <${IconButton} icon="close" label="Dismiss" onClick=${() => dismiss(id)} />
      </div>`,
    )}
  </div>
`;
