// BullMQ on Node.js: finished jobs removed, 100 jobs at once in one process.
import { appendFileSync, closeSync, openSync, writeSync } from "node:fs";
import { Queue, Worker } from "bullmq";

const [command, number] = [process.argv[2], Number(process.argv[3])];
const connection = { host: "127.0.0.1", port: Number(process.env.BENCH_PORT), maxRetriesPerRequest: null };
const folder = process.env.BENCH_FOLDER;
const data = { data: "x".repeat(89) };
const options = { removeOnComplete: true, removeOnFail: true };

function work() {
  const file = openSync(`${folder}/count-${process.pid}`, "w");
  const bytes = Buffer.alloc(8);
  let jobs = 0;
  writeSync(file, bytes, 0, 8, 0);
  // Node.js maps no files, so the count is written every few milliseconds.
  const timer = setInterval(() => {
    bytes.writeBigUInt64LE(BigInt(jobs));
    writeSync(file, bytes, 0, 8, 0);
  }, 3);
  const run = async (job) => {
    if (job.name === "noop") {
      jobs++;
      return;
    }
    const wait = Buffer.alloc(8);
    wait.writeBigUInt64LE(process.hrtime.bigint() - BigInt(job.data.sent));
    appendFileSync(`${folder}/waits`, wait);
  };
  const worker = new Worker("bench", run, { connection, concurrency: number });
  process.on("SIGTERM", async () => {
    await worker.close();
    clearInterval(timer);
    closeSync(file);
    process.exit(0);
  });
}

async function submit() {
  const queue = new Queue("bench", { connection });
  if (command === "submit-one") await queue.add("noop", data, options);
  const begin = process.hrtime.bigint();
  if (command === "submit-one") {
    for (let i = 0; i < number; i++) await queue.add("noop", data, options);
  } else if (command === "submit-many") {
    for (let start = 0; start < number; start += 1000) {
      const count = Math.min(1000, number - start);
      await queue.addBulk(Array.from({ length: count }, () => ({ name: "noop", data, opts: options })));
    }
  } else {
    for (let i = 0; i < number; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await queue.add("stamp", { sent: String(process.hrtime.bigint()) }, options);
    }
  }
  if (command !== "submit-stamped") console.log(Number(process.hrtime.bigint() - begin) / 1e9);
  await queue.close();
}

if (command === "worker") work();
else await submit();
