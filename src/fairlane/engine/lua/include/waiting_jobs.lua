-- waiting_jobs: how many jobs of a tenant wait, and how long the first of them has waited.
-- NEEDS base job

-- The time (ms) at which the longest waiting job of a lane became pending. In each priority this is the first job,
-- unless that job returned to its old place; then the next ones are read too.
local function waits_since(lane)
  local oldest, lowest, known = now, 0, nil
  while true do
    local heads = call('ZRANGEBYSCORE', key(lane), lowest, '+inf', 'WITHSCORES', 'LIMIT', 0, 10)
    local priority
    for i = 1, #heads, 2 do
      priority = math.floor(heads[i + 1] / PRIORITY_STEP)
      if priority ~= known then
        local ready_at = tonumber(call('HGET', key('ready'), heads[i]))
        oldest = math.min(oldest, ready_at or created_of(call('GETRANGE', key('j/' .. heads[i]), 0, HEADER_AT - 1)))
        if not ready_at then known = priority end
      end
    end
    if #heads < 20 then return oldest end
    lowest = (priority + 1) * PRIORITY_STEP
  end
end

-- Look at up to `most` lanes of a tenant, those after the queue `after`. Returns the number of jobs in them, how long
-- (ms) the first of these has waited (-1: there are none), and the last queue if there may be more, else ''.
local function waits_of(tenant, after, most)
  local first = after == '' and '[' .. tenant .. '/' or '(' .. tenant .. '/' .. after
  local lanes = call('ZRANGEBYLEX', key('lanes'), first, '(' .. tenant .. '0', 'LIMIT', 0, most)
  local pending, oldest = 0, now
  for _, lane in ipairs(lanes) do
    pending = pending + call('ZCARD', key('lane/' .. lane))
    oldest = math.min(oldest, waits_since('lane/' .. lane))
  end
  local last = #lanes == most and string.sub(lanes[most], #tenant + 2) or ''
  return pending, pending > 0 and now - oldest or -1, last
end
