-- queue_figures: what is shown of a queue.
-- NEEDS base queue_limits
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

-- Returns what `queues` returns for each queue.
local function figures_of(queue)
  local paused = call('SISMEMBER', key('queues_paused'), queue)
  local pending, limits = tonumber(call('HGET', key('depths'), queue) or 0), limits_of(queue)
  if not limits then return queue, paused, count_runnable(queue), pending, '', -1, '' end
  local running = call('SCARD', key('queue_running/' .. queue))
  return queue, paused, count_runnable(queue), pending, pack(limits), running, limit_reached(queue, limits) or ''
end
