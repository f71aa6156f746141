-- workers: the processes that claim jobs, and the commands for them.
-- NEEDS base
--   workers      zset WORKER by its last heartbeat (ms)
--   worker_info  hash WORKER -> what it says of itself (opaque)
--   orders       hash WORKER -> a number that rises with each command: look at your leases, or drain
--   draining     hash WORKER -> 1: the worker must drain
--   channel orders: the WORKER whose number has risen

-- Returns false if there is no such worker.
local function notify_worker(worker)
  if not call('ZSCORE', key('workers'), worker) then return false end
  call('HINCRBY', key('orders'), worker, 1)
  call('PUBLISH', key('orders'), worker)
  return true
end

local function delete_workers(names)
  write('ZREM', 'workers', names)
  for _, by_worker in ipairs({ 'worker_info', 'orders', 'draining', 'work_reports' }) do
    write('HDEL', by_worker, names)
  end
end
