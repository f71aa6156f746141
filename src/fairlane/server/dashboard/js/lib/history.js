// The API's history, in the form that charts take.

const MOST_POINTS = 120; // a chart has no room for more

/** Joins adjacent points until MOST_POINTS are left. Counts are sums, means are weighted, depths are the last ones. */
function joined(points) {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size < 2) return points;
  const groups = [];
  for (let end = points.length; end > 0; end -= size) groups.unshift(points.slice(Math.max(0, end - size), end));
  return groups.map((group) => {
    const sum = (name) => group.reduce((total, point) => total + point[name], 0);
    const counts = Object.fromEntries(
      ["seconds", "submitted", "completed", "failed", "retried", "started"].map((name) => [name, sum(name)]),
    );
    return {
      ...group.at(-1),
      ...counts,
      waitSeconds: mean(group, "waitSeconds", ({ started }) => started),
      runSeconds: mean(group, "runSeconds", ({ completed, failed }) => completed + failed),
    };
  });
}

/** The weighted mean of the points that have one. */
function mean(points, name, weight) {
  const known = points
    .filter((point) => point[name] !== null)
    .map((point) => [point[name], Math.max(1, weight(point))]);
  if (!known.length) return null;
  return (
    known.reduce((sum, [value, heavy]) => sum + value * heavy, 0) / known.reduce((sum, [, heavy]) => sum + heavy, 0)
  );
}

/** Several counts, all per second or all per minute, whichever reads better. */
function rates(points, ...names) {
  const perSecond = names.map((name) => [name, points.map((point) => point[name] / point.seconds)]);
  const most = Math.max(0, ...perSecond.flatMap(([, values]) => values));
  const factor = most >= 2 ? 1 : 60;
  return {
    unit: factor === 1 ? "per second" : "per minute",
    values: Object.fromEntries(perSecond.map(([name, values]) => [name, values.map((value) => value * factor)])),
  };
}

/** From GET /history, a list for each figure, and the units of rates. */
export function chartsOf(history) {
  const points = joined(history.points);
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
