// Which queues have workers.
import { overview } from "./store.js";

/** The workers that take new jobs of a queue. */
export const serving = (queue) =>
  (overview.value?.workers ?? []).filter(
    ({ queues, draining }) => !draining && (!queues.length || queues.includes(queue)),
  );

/** Whether no worker takes new jobs of a queue. False until the first overview. */
export const unserved = (queue) => overview.value !== null && !serving(queue).length;

/** Whether one worker takes new jobs of every queue. */
export const everyQueueIsServed = () =>
  overview.value?.workers.some(({ queues, draining }) => !draining && !queues.length) ?? false;

/** Whether no worker takes new jobs at all. False until the first overview. */
export const noWorkers = () => overview.value?.workers.every(({ draining }) => draining) ?? false;
