#!lua flags=no-writes
-- queues: some queues with their totals over all tenants.
-- KEYS prefix
-- ARGV at cursor
-- RETURNS the cursor for the next call, then for each queue: name, paused, runnable tenants, pending jobs, QueueLimits
--   (msgpack) or '', running jobs (-1: not counted), the limit that it has reached or ''. A queue may come twice.
-- EVENTS
-- NEEDS base queue_figures
local page = call('ZSCAN', key('queues_used'), cursor, 'COUNT', 100)
local answers = { page[1] }
for i = 1, #page[2], 2 do
  push_all(answers, { figures_of(page[2][i]) })
end
return answers
