-- figures: totals and depths of the partition.
local TOTALS = { 'submitted', 'completed', 'failed', 'retried', 'started', 'wait_ms', 'ended', 'run_ms' }

-- The totals in the order of TOTALS, then how many jobs are scheduled, pending, running, completed, failed and cancelled.
local function figures()
  local found = {}
  for i, total in ipairs(read('HMGET', 'count', TOTALS)) do found[i] = tonumber(total or 0) end
  local pending = 0
  for _, depth in ipairs(call('HVALS', key('depths'))) do pending = pending + depth end
  push2(found, call('ZCARD', key('scheduled')), pending)
  for _, index in ipairs({ 'leases', 'completed', 'failed', 'cancelled' }) do push(found, call('ZCARD', key(index))) end
  return found
end
