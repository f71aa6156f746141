#!lua flags=no-writes
-- queues: every queue with its totals over all tenants.
-- KEYS prefix
-- ARGV at
-- RETURNS for each queue: name, paused, runnable tenants, pending jobs
-- EVENTS
-- NEEDS base
local answers = {}
for _, queue in ipairs(call('ZRANGE', key('queues_used'), 0, -1)) do
  push2(answers, queue, call('SISMEMBER', key('queues_paused'), queue))
  push2(answers, call('ZCARD', key('run/' .. queue)), tonumber(call('HGET', key('depths'), queue) or 0))
end
return answers
