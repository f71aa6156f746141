// Numbers and times as text.

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const fullTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** 12,345; a dash for an unknown value. */
export const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));

/** 12.3K, where 12,345 has no room. */
export const shortCount = (value) => (value === null || value === undefined ? "–" : short.format(value));

export const time = (at) => clockTime.format(new Date(at));
export const dateTime = (at) => fullTime.format(new Date(at));

/** "1 job", "2 jobs". */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** 0.4 ms, 12 ms, 3.2 s, 4 min 5 s, 2 h 3 min, 5 d 1 h. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.001) return seconds <= 0 ? "0 s" : `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds < 9.95 ? seconds.toFixed(1).replace(/\.0$/, "") : Math.round(seconds)} s`;
  const units = [
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  const [unit, size] = units[first];
  const [nextUnit, nextSize] = units[first + 1];
  const rest = Math.floor((seconds % size) / nextSize);
  return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${nextUnit}` : ""}`;
}

/** The same in one unit, for an axis: 0.2 s, 30 s, 1.5 min, 2 h. */
export function shortDuration(seconds) {
  const [unit, size] = [
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
  ].find(([, least]) => seconds >= least) ?? ["s", 1];
  return `${Math.round((seconds / size) * 100) / 100} ${unit}`;
}

/** "now", "8 s ago", "5 min ago", "in 2 h". */
export function ago(at, now) {
  const seconds = (now - new Date(at).getTime()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 1.5) return "now";
  const size = distance < 60 ? 1 : distance < 3600 ? 60 : distance < 86400 ? 3600 : 86400;
  const words = `${Math.floor(distance / size)} ${{ 1: "s", 60: "min", 3600: "h", 86400: "d" }[size]}`;
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}

/** {limit: 10, windowSeconds: 60} as "10 per minute"; null as "no limit". */
export function rate(value) {
  if (!value) return "no limit";
  const units = { 1: "second", 60: "minute", 3600: "hour", 86400: "day" };
  return `${count(value.limit)} per ${units[value.windowSeconds] ?? duration(value.windowSeconds)}`;
}

export const megabytes = (bytes) => count(Math.round(bytes / 1e6));
export const percent = (part) => `${part > 0 && part < 0.01 ? "<1" : Math.round(part * 100)} %`;
