// The frame around every page: navigation, connection, theme, shortcuts, and the page itself.
import { Button, ButtonLink, Empty, IconButton, Problem, Skeleton } from "./components/basics.js";
import { Dialog, Floating, toastError } from "./components/floating.js";
import { Icon } from "./components/icon.js";
import { StoreMemory } from "./components/store-memory.js";
import { inWords } from "./lib/api.js";
import { shortcuts, useShortcuts } from "./lib/keys.js";
import { parameterFaults } from "./lib/parameters.js";
import { arrive, match, navigate, path, query, setQuery } from "./lib/router.js";
import { session, signOut } from "./lib/session.js";
import { connection, failure } from "./lib/store.js";
import { theme } from "./lib/theme.js";
import { classes, html, signal, useEffect, useErrorBoundary, useState } from "./lib/ui.js";
import { routes } from "./routes.js";

const listing = signal(false); // the dialog of shortcuts
const navOpen = signal(false); // the navigation of a phone
const SUBMIT = "/ui/submit";

export function Shell() {
  const page = usePage();
  useShortcuts([
    { keys: "?", what: "Show the shortcuts", run: () => (listing.value = true) },
    ...routes()
      .filter(({ key }) => key)
      .map(({ key, nav, path: to }) => ({
        keys: `g ${key}`,
        what: `Go to ${nav}`,
        run: () => navigate(to),
      })),
    { keys: "/", what: "Search on this page", run: () => document.querySelector("[data-search]")?.focus() },
  ]);
  const toMain = (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  };
  return html`
    <div class="frame">
      <a class="skip" href="#main" onClick=${toMain}>Skip to the page</a>
      <${Sidebar} here=${page.route} />
      <main class="main" id="main" tabindex="-1">
        <${Interruption} />
        <${StoreMemory} />
        <${Page} key=${page.key} ...${page} />
      </main>
    </div>
    <${Floating} />
    ${listing.value && html`<${Shortcuts} />`}
  `;
}

/** The page of the address. While its module loads, the page before it stays. */
function usePage() {
  const [page, setPage] = useState({});
  const at = path.value;
  useEffect(() => {
    let left = false;
    const found = routes()
      .map((route) => ({ route, params: match(route.path, at) }))
      .find(({ params }) => params);
    document.title = found ? `${found.route.title(found.params)} · fairlane` : "fairlane";
    navOpen.value = false;
    const show = (what) => {
      if (left) return;
      arrive();
      setPage({ ...found, params: { ...found?.params, ...found?.route.params }, key: at, ...what });
    };
    if (!found) show({ missing: true });
    else
      found.route.load().then(
        (module) => show({ module }),
        (error) => show({ error }),
      );
    return () => {
      left = true;
    };
  }, [at]);
  useEffect(() => {
    // A screen reader reads a new page from its heading. The first page takes no focus.
    if (page.module && document.activeElement !== document.body)
      document.querySelector("h1")?.focus({ preventScroll: true });
  }, [page.key]);
  return page;
}

function Page({ module, params, missing, error }) {
  const [broken, mend] = useErrorBoundary();
  if (broken) return html`<${Problem} error=${broken} retry=${mend} />`;
  if (missing) {
    return html`<${Empty} icon="search" title="There is no such page" action=${html`<${ButtonLink} href="/">Go to the overview</${ButtonLink}>`}>
      Check the address. It may be from another version of fairlane.</${Empty}>`;
  }
  if (error) {
    return html`<${Empty} icon="refresh" title="This page could not be loaded" action=${html`<${Button} tone="primary" onClick=${() => location.reload()}>Reload</${Button}>`}>
      fairlane was updated while this tab was open, or it does not answer.</${Empty}>`;
  }
  if (!module) return html`<${Skeleton} rows=${6} />`;
  const faults = parameterFaults(query.value, module.PARAMETERS ?? {});
  return faults.length ? html`<${Refused} faults=${faults} />` : html`<${module.default} ...${params} />`;
}

/** Stands in for a page whose address has parameters that the page cannot follow. */
function Refused({ faults }) {
  const without = () => setQuery(Object.fromEntries(faults.map(({ name }) => [name, null])));
  return html`<div role="alert"><${Empty} icon="alert" title="This address is not valid" action=${html`<${Button} onClick=${without}>Open it without ${faults.length === 1 ? "this parameter" : "these parameters"}</${Button}>`}>
    ${faults.map(({ name, words }) => html`<span class="refused" key=${name}><code>${name}</code> ${words}</span>`)}</${Empty}></div>`;
}

function Sidebar({ here }) {
  const current = here?.within ?? here?.name;
  const submit = routes().find(({ path: at }) => at === SUBMIT);
  return html`<header class=${classes("sidebar", navOpen.value && "open")}>
    <a class="brand" href="/"><${Mark} /><span>fairlane</span></a>
    <${IconButton} icon=${navOpen.value ? "close" : "menu"} label="Navigation" aria-expanded=${String(navOpen.value)}
      onClick=${() => (navOpen.value = !navOpen.value)} />
    <div class="sidebar-rest">
      ${submit && html`<${ButtonLink} icon="plus" tone="primary" href=${SUBMIT}>Submit a job</${ButtonLink}>`}
      <nav aria-label="Pages">
        ${routes()
          .filter(({ nav }) => nav)
          .map(
            ({ path: to, name, nav, icon }) => html`
          <a key=${name} href=${to} aria-current=${name === current ? "page" : undefined}><${Icon} name=${icon} />${nav}</a>`,
          )}
      </nav>
      <footer class="sidebar-foot">
        <${Connection} />
        ${session.value.name && html`<span class="signed-in" title="The access token of this session">${session.value.name}</span>`}
        <div class="tools">
          <${ThemeButton} />
          <${IconButton} icon="keyboard" label="Keyboard shortcuts" onClick=${() => (listing.value = true)} />
          <a class="icon-button" href="/docs" aria-label="API documentation" title="API documentation"><${Icon} name="book" /></a>
          ${session.value.kind && html`<${IconButton} icon="leave" label="Sign out" onClick=${() => signOut().catch(toastError)} />`}
        </div>
      </footer>
    </div>
  </header>`;
}

const Mark = () => html`<svg class="mark" width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
  <rect width="32" height="32" rx="8" /><path d="M7 10h11M7 16h18M7 22h6" />
</svg>`;

const CONNECTIONS = {
  connecting: ["Connecting", "quiet"],
  live: ["Live", "good"],
  polling: ["Polling", "good"],
  offline: ["Offline", "bad"],
  paused: ["Paused", "quiet"],
};

function Connection() {
  const [words, tone] = CONNECTIONS[connection.value];
  return html`<span class=${`connection ${tone}`} role="status" data-connection=${connection.value}><i class="dot"></i>${words}</span>`;
}

const NEXT_THEME = { system: "light", light: "dark", dark: "system" };
const THEME_WORDS = { system: "system", light: "light", dark: "dark" };
const THEME_ICONS = { system: "system", light: "sun", dark: "moon" };

const ThemeButton = () => html`<${IconButton} icon=${THEME_ICONS[theme.value]}
  label=${`Theme: ${THEME_WORDS[theme.value]}`} onClick=${() => (theme.value = NEXT_THEME[theme.value])} />`;

/** Says on every page that the figures are not updated, and why. */
function Interruption() {
  if (connection.value !== "offline" || !failure.value) return null;
  const { title, advice } = inWords(failure.value);
  return html`<div class="notice bad" role="alert"><${Icon} name="alert" /><div><strong>${title}</strong><p>${advice}</p></div></div>`;
}

function Shortcuts() {
  const rows = shortcuts.value.map(
    ({ keys, what }) => html`
    <tr key=${keys}><td>${what}</td><td class="number">${keys.split(" ").map((one) => html`<kbd>${one}</kbd>`)}</td></tr>`,
  );
  return html`<${Dialog} title="Keyboard shortcuts" onClose=${() => (listing.value = false)}>
    <table class="table shortcuts"><tbody>${rows}</tbody></table>
  </${Dialog}>`;
}
