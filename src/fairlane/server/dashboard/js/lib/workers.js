// Which queues have workers.
import { overview } from "./store.js";

/** The workers that take new jobs of a queue. */
export const serving = (queue) =>
  (overview.value?.workers ?? []).filter(
    ({ queues, draining }) => !draining && (!queues.length || queues.includes(queue)),
  );

/** Whether it is known that no worker takes new jobs of a queue. */
export const unserved = (queue) => overview.value !== null && !serving(queue).length;

/** Whether some worker takes new jobs of every queue, so that none can be unserved. */
export const everyQueueIsServed = () =>
  overview.value?.workers.some(({ queues, draining }) => !draining && !queues.length) ?? false;

/** Whether it is known that no worker takes new jobs of any queue. */
export const noWorkers = () => overview.value?.workers.every(({ draining }) => draining) ?? false;
