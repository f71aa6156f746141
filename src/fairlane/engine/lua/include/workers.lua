-- workers: who claims jobs, and what they are told.
-- NEEDS base
--   workers      zset WORKER by its last heartbeat (ms)
--   worker_info  hash WORKER -> what it says of itself (opaque)
--   orders       hash WORKER -> a number that rises whenever it is to look at its leases, or at the next
--   draining     hash WORKER -> 1: it was told to drain
--   channel orders: WORKER whose number has risen
local function order(worker)
  if not call('ZSCORE', key('workers'), worker) then return false end
  call('HINCRBY', key('orders'), worker, 1)
  call('PUBLISH', key('orders'), worker)
  return true
end

local function forget_workers(names)
  write('ZREM', 'workers', names)
  for _, of_workers in ipairs({ 'worker_info', 'orders', 'draining' }) do write('HDEL', of_workers, names) end
end
