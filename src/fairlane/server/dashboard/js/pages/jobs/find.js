// The search of the jobs page: finds a job or a filter.
import { get } from "../../lib/api.js";
import { isJobId, isKey, isName } from "../../lib/names.js";
import { ownTenant } from "../../lib/session.js";
import { PARAMETERS, WRITTEN } from "./filter.js";

/** Suggestions for a last word without a name: the word with each name. */
export function waysToSearch(text) {
  const [, before, word] = /^(|.*\s)([^\s:]+)$/.exec(text) ?? [];
  if (!word || isJobId(word.toLowerCase())) return [];
  const possible = Object.values(WRITTEN).filter((written) => !PARAMETERS[written](word));
  return possible.map((written) => `${before}${written}:${word}`);
}

/**
 * {id} of one job, {changes} of the filter, or {fault} in words. A word without a name is the id of a job or
 * tenant, or a key, whichever exists.
 */
export async function find(text, signal) {
  const words = text.trim().split(/\s+/).filter(Boolean);
  const changes = {};
  const plain = [];
  for (const word of words) {
    const [, written, value] = /^(tenant|queue|task|key|tag|batch):(.+)$/.exec(word) ?? [];
    if (!written) {
      plain.push(word);
      continue;
    }
    const fault = PARAMETERS[written](value);
    if (fault) return { fault: `“${value}” cannot be a ${written}. ${fault}` };
    changes[Object.keys(WRITTEN).find((name) => WRITTEN[name] === written)] = value;
  }
  if (plain.length > 1)
    return { fault: "Write a name before each word: tenant:acme queue:mail task:send key:report-42." };
  if (!plain.length) return { changes };
  const [word] = plain;
  if (isJobId(word.toLowerCase())) return { id: word.toLowerCase() };
  const meant = await tenantOrKey(word, signal);
  return meant ? { changes: { ...changes, ...meant } } : { fault: `No job, tenant or key is called “${word}”.` };
}

async function tenantOrKey(word, signal) {
  if (isName(word) && ownTenant() === null) {
    const { tenants } = await get("/tenants", { signal, query: { prefix: word, limit: 1 } }); // ordered: the id itself comes first
    if (tenants[0]?.id === word) return { tenantId: word };
  }
  if (!isKey(word)) return null;
  const { jobs, nextCursor } = await get("/jobs", { signal, query: { key: word, limit: 1 } });
  return jobs.length || nextCursor ? { key: word } : null; // with a cursor, the listing looks further
}
