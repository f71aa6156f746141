// One change to many jobs: a question with their number, the progress, and the outcome.
import { Button, Problem, Progress } from "../../components/basics.js";
import { Dialog } from "../../components/floating.js";
import { get, post } from "../../lib/api.js";
import { count, plural } from "../../lib/format.js";
import { changesWork } from "../../lib/session.js";
import { html, useEffect, useRef, useState } from "../../lib/ui.js";

const AT_ONCE = 1000; // jobs in one call
const COUNTED = 5000; // jobs counted before the question

export const ACTIONS = {
  retry: {
    states: ["failed"],
    verb: "Retry",
    done: "retried",
    icon: "refresh",
    text: "Each job returns to its lane with a fresh set of attempts.",
  },
  cancel: {
    states: ["scheduled", "pending", "running"],
    verb: "Cancel",
    done: "cancelled",
    icon: "close",
    danger: true,
    text: "Waiting jobs will not run. Workers are asked to stop running jobs.",
  },
  delete: {
    states: ["completed", "failed", "cancelled"],
    verb: "Delete",
    done: "deleted",
    icon: "trash",
    danger: true,
    text: "This deletes their payloads, results and histories for good.",
  },
};

/** The actions that a tab offers to this session. */
export const actionsOn = (state) =>
  Object.keys(changesWork() ? ACTIONS : {}).filter((name) => state === "all" || ACTIONS[name].states.includes(state));

/**
 * `target`: {ids} or {filter, words, expected}, where `expected` is how many match, if that is known.
 * `onClose(changed)` says whether anything may have changed.
 */
export function BulkDialog({ action, target, onClose }) {
  const { verb, done, text, danger } = ACTIONS[action];
  const size = useSize(action, target);
  const [run, setRun] = useState(null); // {count, ended, stopped, error} after the confirmation
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const start = async () => {
    let changed = 0;
    setRun({ count: 0 });
    try {
      for await (const step of steps(action, target, stop.current.signal)) {
        changed += step;
        setRun({ count: changed });
      }
      setRun({ count: changed, ended: true });
    } catch (error) {
      const stopped = stop.current.signal.aborted;
      setRun({ count: changed, ended: true, stopped, error: stopped ? null : error });
    }
  };
  const jobs = target.ids || size.exact ? plural(size.count, "job") : `${count(size.count)} jobs or more`;
  if (!run) {
    const words = size.counting ? `${verb} matching jobs?` : `${verb} ${jobs}?`;
    return html`<${Dialog} title=${words} onClose=${() => onClose(false)} actions=${html`
      <${Button} onClick=${() => onClose(false)}>Keep them</${Button}>
      <${Button} tone=${danger ? "danger" : "primary"} autofocus disabled=${!size.counting && size.count === 0} onClick=${start}>
        ${verb} ${size.counting ? "them" : size.exact ? plural(size.count, "job") : "all of them"}</${Button}>`}>
      ${target.filter && html`<p>All matching jobs: <strong>${target.words}</strong>${size.counting && html` (${count(size.count)} counted so far)`}.</p>`}
      ${!size.counting && size.count === 0 ? html`<p>None of them allows this now.</p>` : html`<p>${text}</p>`}
    </${Dialog}>`;
  }
  const outcome = outcomeOf(run, done, size, target);
  return html`<${Dialog} title=${run.ended ? outcome.title : `${count(run.count)} ${done}`} onClose=${() => (run.ended ? onClose(true) : stop.current.abort())}
    actions=${
      run.ended
        ? html`<${Button} tone="primary" onClick=${() => onClose(true)}>Close</${Button}>`
        : html`<${Button} onClick=${() => stop.current.abort()}>Stop</${Button}>`
    }>
    ${!run.ended && html`<${Progress} value=${run.count} max=${size.exact ? size.count : 0} label="Jobs changed" />`}
    <div role="status">${run.ended && outcome.text && html`<p>${outcome.text}</p>`}</div>
    ${run.error && html`<${Problem} error=${run.error} />`}
  </${Dialog}>`;
}

function outcomeOf({ count: changed, stopped, error }, done, size, target) {
  const title = `${plural(changed, "job")} ${done}`;
  if (error) return { title, text: "An error stopped it. The jobs changed so far stay changed." };
  if (stopped) return { title: `Stopped: ${title}`, text: "The other jobs are unchanged." };
  const left = (target.ids ? target.ids.length : size.exact ? size.count : changed) - changed;
  return {
    title,
    text: left > 0 ? `${plural(left, "job")} changed in the meantime and ${left === 1 ? "was" : "were"} skipped.` : "",
  };
}

/** How many jobs each call changed. */
async function* steps(action, { ids, filter }, signal) {
  if (ids) {
    for (let i = 0; i < ids.length; i += AT_ONCE) {
      yield (await post("/jobs/actions", { action, ids: ids.slice(i, i + AT_ONCE) }, { signal })).count;
    }
    return;
  }
  let cursor;
  do {
    const answer = await post("/jobs/actions", { action, filter, limit: AT_ONCE, cursor }, { signal });
    yield answer.count;
    cursor = answer.more ? answer.nextCursor : null;
  } while (cursor);
}

/** How many jobs the action concerns: {count, exact, counting}. */
function useSize(action, { ids, filter, expected }) {
  const known = ids?.length ?? expected;
  const [size, setSize] = useState({ count: known ?? 0, exact: known !== undefined, counting: known === undefined });
  useEffect(() => {
    if (!size.counting) return undefined;
    const counting = new AbortController();
    countMatching(action, filter, counting.signal, setSize).catch(() => {
      if (!counting.signal.aborted) setSize((old) => ({ ...old, counting: false }));
    });
    return () => counting.abort();
  }, []);
  return size;
}

async function countMatching(action, filter, signal, setSize) {
  let found = 0;
  const states = filter.state ? [filter.state] : ACTIONS[action].states;
  for (const state of states) {
    let cursor;
    do {
      const { jobs, nextCursor } = await get("/jobs", { signal, query: { ...filter, state, limit: 100, cursor } });
      found += jobs.length;
      cursor = nextCursor;
      const enough = found >= COUNTED;
      setSize({ count: found, exact: false, counting: !enough });
      if (enough) return;
    } while (cursor);
  }
  setSize({ count: found, exact: true, counting: false });
}
