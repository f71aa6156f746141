-- queue_figures: what is shown of a queue.
-- NEEDS base
-- In a larger run index, tenants that are blocked may be counted as runnable until a claim meets them there.
local MOST_LOOKED_AT = 100

local function count_runnable(queue)
  local tenants = call('ZRANGE', key('run/' .. queue), 0, MOST_LOOKED_AT - 1)
  local runnable = call('ZCARD', key('run/' .. queue))
  for _, reason in ipairs(read_any('HMGET', 'blocked', tenants)) do
    if reason then runnable = runnable - 1 end
  end
  return runnable
end

-- Returns name, paused, runnable tenants, pending jobs.
local function figures_of(queue)
  local paused = call('SISMEMBER', key('queues_paused'), queue)
  return queue, paused, count_runnable(queue), tonumber(call('HGET', key('depths'), queue) or 0)
end
