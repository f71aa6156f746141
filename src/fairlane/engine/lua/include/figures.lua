-- figures: totals and depths of the partition.
-- NEEDS base
local TOTALS = { 'submitted', 'completed', 'failed', 'retried', 'started', 'wait_ms', 'ended', 'run_ms' }

-- Returns the totals in the order of TOTALS, then the numbers of scheduled, pending, running, completed, failed and
-- cancelled jobs.
local function figures()
  local found = {}
  for i, total in ipairs(read('HMGET', 'count', TOTALS)) do found[i] = tonumber(total or 0) end
  push2(found, call('ZCARD', key('scheduled')), tonumber(call('HGET', key('depths'), '*') or 0))
  for _, index in ipairs({ 'leases', 'completed', 'failed', 'cancelled' }) do push(found, call('ZCARD', key(index))) end
  return found
end
