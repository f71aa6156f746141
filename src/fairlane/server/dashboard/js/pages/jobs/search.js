// The search, the form of filters, and the filters that are set.
import { Button, IconButton } from "../../components/basics.js";
import { Field, TextField } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import { dateTime } from "../../lib/format.js";
import { navigate } from "../../lib/router.js";
import { ownTenant } from "../../lib/session.js";
import { overview } from "../../lib/store.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";
import { AGES, changeFilter, chipsOf, NAMES, PARAMETERS, WRITTEN } from "./filter.js";
import { find, waysToSearch } from "./find.js";

export function Search({ filter, children }) {
  const [open, setOpen] = useState(false);
  const { text, type, fault, search } = useSearch();
  return html`
    <div class="filters">
      <form class="search" role="search" onSubmit=${search}>
        <${Icon} name="search" size=${14} />
        <datalist id="search-ways">${waysToSearch(text).map((way) => html`<option key=${way} value=${way}></option>`)}</datalist>
        <input class="input" type="search" data-search list="search-ways" aria-label="Search jobs" placeholder=${ownTenant() === null ? "Job id, tenant or key" : "Job id or key"}
          title="A job id, a tenant, a key, or several of tenant:acme queue:mail task:send key:report-42" value=${text} onInput=${type}
          aria-invalid=${fault ? "true" : undefined} aria-describedby=${fault ? "search-fault" : undefined} />
      </form>
      <${Button} aria-expanded=${String(open)} aria-controls="filter-fields" onClick=${() => setOpen(!open)}>Filter</${Button}>
      <${Chips} filter=${filter} />
      ${children}
      ${fault && html`<p class="error search-fault" id="search-fault" role="alert">${fault}</p>`}
    </div>
    ${open && html`<${Fields} key=${JSON.stringify(filter)} filter=${filter} onDone=${() => setOpen(false)} />`}
  `;
}

function useSearch() {
  const [text, setText] = useState("");
  const [fault, setFault] = useState("");
  const asking = useRef(new AbortController());
  useEffect(() => () => asking.current.abort(), []);
  const type = (event) => {
    setText(event.target.value);
    setFault("");
  };
  const search = async (event) => {
    event.preventDefault();
    asking.current.abort();
    asking.current = new AbortController();
    const { signal } = asking.current;
    try {
      const found = await find(text, signal);
      if (signal.aborted) return;
      setFault(found.fault ?? "");
      if (found.fault) return;
      setText("");
      if (found.id) navigate(`/ui/jobs/${found.id}`);
      else changeFilter(found.changes);
    } catch (error) {
      if (!signal.aborted) setFault(error.message);
    }
  };
  return { text, type, fault, search };
}

function Chips({ filter }) {
  const chips = chipsOf(filter, dateTime);
  if (!chips.length) return null;
  const all = Object.assign({}, ...chips.map(([changes]) => changes));
  return html`<ul class="chips" aria-label="Filters">
    ${chips.map(
      ([changes, words]) => html`<li key=${words} class="chip"><span>${words}</span>
      <${IconButton} icon="close" label=${`Remove the filter ${words}`} onClick=${() => changeFilter(changes)} /></li>`,
    )}
    ${chips.length > 1 && html`<li><${Button} small tone="plain" onClick=${() => changeFilter(all)}>Clear all</${Button}></li>`}
  </ul>`;
}

const forInput = (iso) => {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};
const fromInput = (text) => (text ? new Date(text).toISOString() : "");

/** By field, what is wrong with its value. */
function faultsOf(draft) {
  const given = Object.keys(NAMES).filter((name) => draft[name].trim());
  const checked = given.map((name) => [name, PARAMETERS[WRITTEN[name]](draft[name].trim())]);
  return Object.fromEntries(checked.filter(([, words]) => words));
}

/** A tenant's session has no choice of tenants. */
const namesShown = () => Object.entries(NAMES).filter(([name]) => name !== "tenantId" || ownTenant() === null);

function Fields({ filter, onDone }) {
  const [draft, setDraft] = useState({
    ...filter,
    created: filter.created || (filter.from || filter.to ? "own" : ""),
    from: forInput(filter.from),
    to: forInput(filter.to),
  });
  const set = (name) => (value) => setDraft((old) => ({ ...old, [name]: value }));
  const [faults, setFaults] = useState({});
  const own = draft.created === "own";
  const apply = (event) => {
    event.preventDefault();
    const found = faultsOf(draft);
    setFaults(found);
    if (Object.keys(found).length) return;
    changeFilter({
      ...Object.fromEntries(Object.keys(NAMES).map((name) => [name, draft[name].trim()])),
      created: own ? "" : draft.created,
      from: own ? fromInput(draft.from) : "",
      to: own ? fromInput(draft.to) : "",
    });
    onDone();
  };
  return html`<form class="card filter-fields" id="filter-fields" aria-label="Filters" onSubmit=${apply}>
    ${namesShown().map(
      ([
        name,
        words,
      ]) => html`<${TextField} key=${name} name=${words} value=${draft[name]} onChange=${set(name)} error=${faults[name]}
      list=${name === "queue" ? "filter-queues" : undefined} />`,
    )}
    <${Field} name="Submitted" control=${(
      tied,
    ) => html`<select class="select" ...${tied} value=${draft.created} onChange=${(event) => set("created")(event.target.value)}>
      <option value="">At any time</option>
      ${Object.entries(AGES).map(([age, [, words]]) => html`<option key=${age} value=${age}>In ${words}</option>`)}
      <option value="own">Between two times</option>
    </select>`} />
    ${
      own &&
      html`
      <${TextField} name="From" type="datetime-local" value=${draft.from} onChange=${set("from")} />
      <${TextField} name="Before" type="datetime-local" value=${draft.to} onChange=${set("to")} />`
    }
    <datalist id="filter-queues">${(overview.value?.queues ?? []).map(({ name }) => html`<option key=${name} value=${name}></option>`)}</datalist>
    <footer class="actions"><${Button} type="submit" tone="primary">Apply</${Button}><${Button} onClick=${onDone}>Close</${Button}></footer>
  </form>`;
}
