// Keyboard shortcuts: one key, or two in a row ("g j"). `?` lists the active ones.
import { signal, useEffect } from "./ui.js";

const SECOND_KEY_WITHIN_MS = 900;

/** The active shortcuts: [{keys, what, run}], the latest last. */
export const shortcuts = signal([]);
let first = "";
let timer;

/** Activates shortcuts while the component is shown. */
export function useShortcuts(offered, inputs = []) {
  useEffect(() => {
    shortcuts.value = [...shortcuts.peek(), ...offered];
    return () => {
      shortcuts.value = shortcuts.peek().filter((one) => !offered.includes(one));
    };
  }, inputs);
}

const typing = (target) =>
  target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;

export function startShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const pressed = first ? `${first} ${event.key}` : event.key;
    const found = shortcuts.peek().findLast((one) => one.keys === pressed);
    clearTimeout(timer);
    first = "";
    if (found) {
      event.preventDefault();
      found.run();
    } else if (shortcuts.peek().some((one) => one.keys.startsWith(`${pressed} `))) {
      first = pressed;
      timer = setTimeout(() => (first = ""), SECOND_KEY_WITHIN_MS);
    }
  });
}
