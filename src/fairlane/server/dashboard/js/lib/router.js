// Pages have paths: "/" and those below "/ui". Filters are in the query.
import { base } from "./base.js";
import { computed, signal } from "./ui.js";

const within = (pathname) => pathname.slice(base.length) || "/";
const address = signal({ path: within(location.pathname), search: location.search });
const shown = signal(address.peek());
const isPage = (pathname) => pathname.startsWith(`${base}/`) && /^\/(?:ui(?:\/.*)?)?$/.test(within(pathname));

/** The path of the address. Its page may still be loading. */
export const path = computed(() => address.value.path);

/** The query of the page that is shown, as URLSearchParams. Use setQuery to change it. */
export const query = computed(() => new URLSearchParams(shown.value.search));

function update() {
  const now = { path: within(location.pathname), search: location.search };
  if (now.path === shown.peek().path) shown.value = now;
  address.value = now;
}

/** The shell calls this when it shows the page of the address. The query changes with the page, not before. */
export function arrive() {
  shown.value = address.peek();
}

/** Shows another page, by its path below the base path. `replace` adds no step to the browser's history. */
export function navigate(to, { replace = false } = {}) {
  const url = new URL(base + to, location.href);
  history[replace ? "replaceState" : "pushState"](null, "", url);
  const moved = within(url.pathname) !== path.peek();
  update();
  if (moved) scrollTo(0, 0);
}

/** Changes parameters of the query. Null, undefined and "" remove one. With `replace`, adds no step to the history. */
export function setQuery(changes, { replace = true } = {}) {
  const changed = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") changed.delete(name);
    else changed.set(name, value);
  }
  const text = changed.toString();
  navigate(path.peek() + (text ? `?${text}` : ""), { replace });
}

/** The values of the pattern's `:names`, or null if the path does not match. */
export function match(pattern, given) {
  const [wanted, steps] = [pattern.split("/"), given.replace(/(.)\/$/, "$1").split("/")];
  if (wanted.length !== steps.length) return null;
  const found = {};
  for (const [i, step] of wanted.entries()) {
    if (!step.startsWith(":")) {
      if (step !== steps[i]) return null;
      continue;
    }
    try {
      found[step.slice(1)] = decodeURIComponent(steps[i]);
    } catch {
      return null;
    }
  }
  return found;
}

export function startRouter() {
  addEventListener("popstate", update);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (
      !link ||
      event.defaultPrevented ||
      event.button ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || !isPage(url.pathname) || link.target || link.hasAttribute("download")) return;
    if (url.hash && url.pathname === location.pathname) return;
    event.preventDefault();
    navigate(within(url.pathname) + url.search + url.hash);
  });
}
