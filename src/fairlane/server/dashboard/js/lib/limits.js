// The limits of a tenant or a queue as a form holds them: as text, with a unit of time, and with whether there is a
// limit (`on`). A queue has some of them.
import { count, duration, rate } from "./format.js";

export const UNITS = [
  ["1", "second"],
  ["60", "minute"],
  ["3600", "hour"],
  ["86400", "day"],
];

const MOST_A_WINDOW = 100_000;
const MOST_WINDOW = 86_400;
const MOST_KEPT_SECONDS = 366 * 86_400;

/** The limits that are rates. */
const RATES = ["submitRate", "startRate"];
/** The limits that are numbers of jobs, which a tenant may be without: what the form proposes, and the most. */
const NUMBERS = { concurrency: [5, 100_000], maxWaiting: [100_000, 10_000_000] };
/** How long ended jobs are kept, and how many. */
const TIMES_KEPT = ["keepCompletedSeconds", "keepFailedSeconds"];
const NUMBERS_KEPT = { keepCompletedMax: 1_000_000, keepFailedMax: 1_000_000 };

const among = (names, holder) => names.filter((name) => name in holder);

export function draftOf(holder) {
  const draft = {};
  for (const name of among(RATES, holder)) {
    const { limit = 10, windowSeconds = 60 } = holder[name] ?? {};
    draft[name] = { on: holder[name] !== null, text: String(limit), ...timeDraft(windowSeconds) };
  }
  for (const name of among(Object.keys(NUMBERS), holder))
    draft[name] = { on: holder[name] !== null, text: String(holder[name] ?? NUMBERS[name][0]) };
  for (const name of among(TIMES_KEPT, holder)) draft[name] = timeDraft(holder[name]);
  for (const name of among([...Object.keys(NUMBERS_KEPT), "weight"], holder)) draft[name] = String(holder[name]);
  return draft;
}

/** Seconds in the largest unit that gives a whole number. */
function timeDraft(seconds) {
  const [unit] = UNITS.toReversed().find(([size]) => seconds % Number(size) === 0) ?? ["1"];
  return { times: String(seconds / Number(unit)), unit };
}

const secondsOf = ({ times, unit }) => (times.trim() ? Number(times) * Number(unit) : Number.NaN);
const isWhole = (text, least, most) => /^\d+$/.test(text.trim()) && Number(text) >= least && Number(text) <= most;
const isNumber = (text, least, most) => text.trim() !== "" && Number(text) >= least && Number(text) <= most;

/** By limit, what is wrong. */
export function faultsOf(draft) {
  const faults = {};
  const wholeFrom = (least, most) => `Enter a whole number of jobs from ${least} to ${count(most)}.`;
  for (const name of among(RATES, draft)) {
    const { on, text } = draft[name];
    const seconds = secondsOf(draft[name]);
    if (on && !isWhole(text, 1, MOST_A_WINDOW)) faults[name] = wholeFrom(1, MOST_A_WINDOW);
    else if (on && !(seconds >= 0.001 && seconds <= MOST_WINDOW))
      faults[name] = "Enter a time above 0 and up to one day.";
  }
  for (const name of among(Object.keys(NUMBERS), draft)) {
    const [, most] = NUMBERS[name];
    if (draft[name].on && !isWhole(draft[name].text, 1, most)) faults[name] = wholeFrom(1, most);
  }
  for (const name of among(TIMES_KEPT, draft)) {
    const seconds = secondsOf(draft[name]);
    if (!(seconds >= 0 && seconds <= MOST_KEPT_SECONDS)) faults[name] = "Enter a time from 0 to 366 days.";
  }
  for (const name of among(Object.keys(NUMBERS_KEPT), draft)) {
    if (!isWhole(draft[name], 0, NUMBERS_KEPT[name])) faults[name] = wholeFrom(0, NUMBERS_KEPT[name]);
  }
  if ("weight" in draft && !isNumber(draft.weight, 0.01, 1000)) faults.weight = "Enter a number from 0.01 to 1,000.";
  return faults;
}

function limitsOf(draft) {
  const limits = {};
  for (const name of among(RATES, draft)) {
    const { on, text } = draft[name];
    limits[name] = on ? { limit: Number(text), windowSeconds: secondsOf(draft[name]) } : null;
  }
  for (const name of among(Object.keys(NUMBERS), draft))
    limits[name] = draft[name].on ? Number(draft[name].text) : null;
  for (const name of among(TIMES_KEPT, draft)) limits[name] = secondsOf(draft[name]);
  for (const name of among([...Object.keys(NUMBERS_KEPT), "weight"], draft)) limits[name] = Number(draft[name]);
  return limits;
}

/** The limits that a draft without faults changes. */
export function changesOf(draft, holder) {
  return Object.fromEntries(
    Object.entries(limitsOf(draft)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(holder[name])),
  );
}

/** By limit, why the API refused a change. */
export const refusedLimits = ({ fields = [] }) =>
  Object.fromEntries(fields.map(({ pointer, detail }) => [pointer.split("/")[1], detail]));

const WORDS = {
  submitRate: (value) => `submissions: ${rate(value)}`,
  concurrency: (value) => `concurrency: ${value ?? "no limit"}`,
  startRate: (value) => `starts: ${rate(value)}`,
  maxWaiting: (value) => `scheduled and pending: ${value === null ? "no limit" : count(value)}`,
  keepCompletedSeconds: (value) => `completed jobs kept: ${duration(value)}`,
  keepCompletedMax: (value) => `completed jobs kept: ${count(value)} at most`,
  keepFailedSeconds: (value) => `failed jobs kept: ${duration(value)}`,
  keepFailedMax: (value) => `failed jobs kept: ${count(value)} at most`,
  weight: (value) => `weight: ${value}`,
};

/** "concurrency: 3, weight: 2"; "" without changes. */
export const inWords = (changes) =>
  Object.keys(WORDS)
    .filter((name) => name in changes)
    .map((name) => WORDS[name](changes[name]))
    .join(", ");
