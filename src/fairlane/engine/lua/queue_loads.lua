#!lua flags=no-writes
-- queue_loads: what waits in some queues.
-- KEYS prefix
-- ARGV at cursor tenants_each
-- RETURNS the cursor for the next call, then for each queue: name, paused, pending jobs, how long (ms) the oldest job
--   that could start has waited (-1: none). A queue may come twice.
-- EVENTS
-- NEEDS base queue_limits startable
-- tenants_each: how many tenants of a queue are looked at, the next in turn first.
local page = call('ZSCAN', key('queues_used'), cursor, 'COUNT', 100)
local answers = { page[1] }
for i = 1, #page[2], 2 do
  local queue = page[2][i]
  local paused = call('SISMEMBER', key('queues_paused'), queue)
  local tenants = (paused == 1 or not has_room(queue)) and {} or startable_tenants(queue, 0, tenants_each - 1)
  push2(answers, queue, paused)
  push2(answers, tonumber(call('HGET', key('depths'), queue) or 0), longest_wait(tenants, queue))
end
return answers
