// The live figures of the start page. All that comes from the server is put in as text, never as markup.
const EVERY_MS = 2000;
const byId = (id) => document.getElementById(id);

byId("example").textContent = `curl -i ${location.origin}/jobs -H 'Content-Type: application/json' \\
  -d '{"tenantId": "acme", "payload": {"hello": "world"}}'`;

function fill(id, rows) {
  byId(id).replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement("tr");
      for (const cell of cells) {
        const td = row.insertCell();
        td.textContent = cell;
        if (typeof cell === "number") td.className = "number";
      }
      return row;
    }),
  );
}

async function read(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

async function refresh() {
  try {
    const [totals, { queues }, { workers }] = await Promise.all(["/jobs/metrics", "/queues", "/workers"].map(read));
    fill("totals", [
      ["Jobs submitted", totals.submitted],
      ["Jobs completed", totals.completed],
      ["Failed attempts", totals.failed],
      ["Queued again", totals.retried],
    ]);
    fill("queues", queues.map((queue) => [queue.name, queue.pending, queue.paused ? "paused" : "open"]));
    fill("workers", workers.map((worker) => [worker.id, worker.running, worker.slots]));
    byId("state").textContent = `As of ${new Date().toLocaleTimeString()}.`;
  } catch (error) {
    byId("state").textContent = `The server does not answer (${error.message}).`;
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
