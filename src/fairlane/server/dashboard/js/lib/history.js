// What the API remembers of the last hours, as charts take it.

/** Several counts, all a second or all a minute, whichever reads better. */
function rates(points, ...names) {
  const perSecond = names.map((name) => [name, points.map((point) => point[name] / point.seconds)]);
  const most = Math.max(0, ...perSecond.flatMap(([, values]) => values));
  const factor = most >= 2 ? 1 : 60;
  return {
    unit: factor === 1 ? "a second" : "a minute",
    values: Object.fromEntries(perSecond.map(([name, values]) => [name, values.map((value) => value * factor)])),
  };
}

/** Of GET /history, a list for each figure, and the time that rates are of. */
export function chartsOf({ points }) {
  const column = (name) => points.map((point) => point[name]);
  const jobs = rates(points, "submitted", "completed");
  const attempts = rates(points, "failed", "retried");
  return {
    times: points.map(({ at }) => new Date(at).getTime() / 1000),
    ...jobs.values,
    ...attempts.values,
    jobsUnit: jobs.unit,
    attemptsUnit: attempts.unit,
    wait: column("waitSeconds"),
    run: column("runSeconds"),
    pending: column("pending"),
    running: column("running"),
    scheduled: column("scheduled"),
  };
}
