#!lua flags=allow-oom
-- settle: make the callbacks of batches that the end of a job has not made at once, and cancel the jobs of cancelled
-- batches.
-- KEYS prefix
-- ARGV at limit
-- RETURNS batches settled and jobs cancelled or asked to stop, ms until the next call (0: more are left; -1: none)
-- EVENTS none>pending scheduled>cancelled pending>cancelled
-- NEEDS base job_ends batches callbacks cancelling lease_end
limit = tonumber(limit)
local done = 0

-- Cancel some waiting jobs of a batch, and ask the workers of its running ones to stop.
local function cancel_some(batch)
  local members, unfinished = key('members/' .. batch), STANDING.unfinished
  local ids = call('ZRANGEBYSCORE', members, unfinished, unfinished, 'LIMIT', 0, limit)
  for i, packed in ipairs(read('HMGET', 'started', ids)) do
    cancel(ids[i], packed)
    call('ZADD', members, 'XX', STANDING.stopping, ids[i])
  end
  done = done + #ids
  if #ids < limit then call('ZREM', key('cancelling'), batch) end
end

local batch = call('ZRANGE', key('cancelling'), 0, 0)[1]
if batch then cancel_some(batch) end
note_ends()
done = done + settle_batches(math.max(1, limit - done))
write_lease_ends()
local more = call('EXISTS', key('unsettled'), key('cancelling')) > 0
return { done, more and 0 or -1 }
