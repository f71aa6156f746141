// Checks the address's query against what a page knows. A page that ignored a mistyped filter would list everything,
// and offer to cancel it.
import { BATCH_RULE, isJobId, isKey, isName, isTag, KEY_RULE, NAME_RULE, TAG_RULE } from "./names.js";

// Checks of one value. Each returns what is wrong, or null.
export const name = (value) => (isName(value) ? null : NAME_RULE);
export const key = (value) => (isKey(value) ? null : KEY_RULE);
export const tag = (value) => (isTag(value) ? null : TAG_RULE);
export const batchId = (value) => (isJobId(value) ? null : BATCH_RULE);
export const time = (value) => (Number.isNaN(Date.parse(value)) ? "Use a time such as 2026-03-01T10:00:00Z." : null);
export const filled = (value) => (value ? null : "Give it a value.");
export const any = () => null;
export const oneOf =
  (...values) =>
  (value) =>
    values.includes(value) ? null : `Use one of: ${values.join(", ")}.`;

/**
 * [{name, words}] of the parameters in `query` that a page cannot follow. `known`: a check for each parameter of the
 * page; it gets the value and the whole query.
 */
export function parameterFaults(query, known) {
  const faults = [];
  for (const name of new Set(query.keys())) {
    const [value, ...others] = query.getAll(name);
    const words = !Object.hasOwn(known, name)
      ? "This page has no such parameter."
      : others.length
        ? "It is given more than once."
        : known[name](value, query);
    if (words) faults.push({ name, words });
  }
  return faults;
}
