// The theme: light, dark, or the system's.
import { effect, signal } from "./ui.js";

const KEY = "fairlane.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", () => (systemDark.value = system.matches));

/** "light", "dark" or "system". */
export const theme = signal(document.documentElement.dataset.theme ?? "system");

/** Whether the theme is dark now. Charts need it, because styles do not reach into a canvas. */
export const dark = signal(false);

effect(() => {
  const chosen = theme.value;
  dark.value = chosen === "system" ? systemDark.value : chosen === "dark";
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  remember(chosen);
});

function remember(chosen) {
  try {
    if (chosen === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // This browser stores nothing for pages: the choice lasts until the tab closes.
  }
}

/** The colour of a token such as "--accent", in a form that a canvas takes. */
export function colour(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
