// The field that narrows a listing to one tenant. The tenant is in the address, as `tenant`.
import { isName, NAME_RULE } from "../lib/names.js";
import { setQuery } from "../lib/router.js";
import { html, useState } from "../lib/ui.js";
import { Icon } from "./icon.js";

export function TenantFilter({ label, tenantId }) {
  const [wrong, setWrong] = useState(false);
  const changed = (event) => {
    const text = event.target.value.trim();
    const fits = !text || isName(text);
    setWrong(!fits);
    if (fits) setQuery({ tenant: text, after: "" });
  };
  return html`<form class="filters" onSubmit=${(event) => event.preventDefault()}>
    <label class="search"><${Icon} name="search" size=${14} />
      <input class="input" type="search" data-search aria-label=${label} placeholder="Tenant" value=${tenantId}
        aria-invalid=${wrong ? "true" : undefined} aria-describedby=${wrong ? "tenant-fault" : undefined} onChange=${changed} /></label>
    ${wrong && html`<p class="search-fault" id="tenant-fault" role="alert">${NAME_RULE}</p>`}
  </form>`;
}
