#!lua flags=allow-oom
-- tidy: delete workers without heartbeats, expired waits for work or for the end of a job, virtual times that the
-- floors of all served run indexes have passed, and empty queues without a pause or limits that no job has entered for
-- a day, or for a minute if there are too many names (the next job adds them again).
-- KEYS prefix
-- ARGV at silence_ms cursor
-- RETURNS the cursor for the next call, over virtual times
-- EVENTS
-- NEEDS base lanes workers
local silent = call('ZRANGEBYSCORE', key('workers'), '-inf', now - silence_ms, 'LIMIT', 0, 1000)
delete_workers(silent)
call('ZREMRANGEBYSCORE', key('awaited'), '-inf', now)

local without_claims = call('ZRANGEBYSCORE', key('idle_queues'), '-inf', now, 'LIMIT', 0, 1000)
local lists = {}
for i, queue in ipairs(without_claims) do lists[i] = key('idle/' .. queue) end
write_keys('UNLINK', lists)
write('ZREM', 'idle_queues', without_claims)

local MOST_EMPTY_QUEUES = 10000
local unused, in_use = {}, {}
local kept_ms = call('ZCARD', key('queues_used')) > MOST_EMPTY_QUEUES and 60000 or 86400000
for _, queue in ipairs(call('ZRANGEBYSCORE', key('queues_used'), '-inf', now - kept_ms, 'LIMIT', 0, 1000)) do
  local holds_jobs = tonumber(call('HGET', key('depths'), queue) or 0) > 0
  if holds_jobs or stands_apart(queue) then
    push2(in_use, now, queue)
  else
    push(unused, queue)
  end
end
write('ZADD', 'queues_used', in_use)
write('ZREM', 'queues_used', unused)
write('HDEL', 'depths', unused)

local lowest = tonumber(call('GET', key('clock')) or 0)
lowest = math.min(lowest, first_score('served') or lowest)
local page = call('HSCAN', key('resting'), cursor, 'COUNT', 1000)
local passed = {}
for i = 1, #page[2], 2 do
  if tonumber(page[2][i + 1]) <= lowest then push(passed, page[2][i]) end
end
write('HDEL', 'resting', passed)
write('HDEL', 'owed', passed)
return page[1]
