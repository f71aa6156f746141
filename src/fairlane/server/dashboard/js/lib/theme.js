// Light, dark, or as the system has it.
import { effect, signal } from "./ui.js";

const KEY = "fairlane.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", () => (systemDark.value = system.matches));

/** "light", "dark" or "system". */
export const theme = signal(document.documentElement.dataset.theme ?? "system");

/** Whether it is dark now; for what is drawn rather than styled. */
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
    // A browser that keeps nothing for pages: chosen until the tab is closed.
  }
}

/** What a token of the style sheet is now, such as "--accent", as a colour that a canvas takes. */
export function colour(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
