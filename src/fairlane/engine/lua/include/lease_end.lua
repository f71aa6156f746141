-- lease_end: ends leases. The script that ends a lease frees its slot and unblocks its tenant.
-- NEEDS base idle counts job_ends lanes run_indexes run_time tenant_indexes events
--   leases     zset job by expiry (ms): exactly the running jobs
--   scheduled  zset job by the time (ms) at which it becomes due
local ended = { started = {}, leases = {}, slots = {}, scheduled = {} }
local some_are_held_back = call('EXISTS', key('blocked'), key('queue_limits')) > 0
local freed = {} -- tenants that lost a lease, collected only if some tenants or queues are held back
local left_queues = {} -- queue with limits -> jobs that do not run any more
local leases_ended, run_ms = 0, 0

-- Workers of all queues use the run index of a queue with limits too, so a tenant pays there for run time.
local function leave_queue(id, tenant, queue, serves_all, claimed_at)
  if left_queues[queue] == nil then left_queues[queue] = call('HEXISTS', key('queue_limits'), queue) == 1 and {} end
  if not left_queues[queue] then return end
  push(left_queues[queue], id)
  if serves_all then add_run_time(tenant, queue, claimed_at) end
end

local function end_lease(id, tenant, queue, serves_all, claimed_at)
  leases_ended = leases_ended + 1
  if now > claimed_at then run_ms = run_ms + now - claimed_at end
  ended.leases[leases_ended] = id
  ended.slots[leases_ended] = tenant .. '/' .. id
  add_run_time(tenant, serves_all and ALL or queue, claimed_at)
  if some_are_held_back then
    freed[tenant] = true
    leave_queue(id, tenant, queue, serves_all, claimed_at)
  end
end

local function end_lease_of(id, s)
  end_lease(id, s[Started.tenant_id], s[Started.queue], s[Started.serves_all], s[Started.claimed_at])
end

local function attempt_of(s, outcome, body)
  return PastAttempt{
    number = s[Started.attempt], worker = s[Started.worker], claimed_at = s[Started.claimed_at], ended_at = now,
    outcome = outcome, body = body,
  }
end

-- Make a job pending again, or scheduled if `due` (ms) is later than now.
local function requeue(id, s, reason, due)
  s[Started.running], s[Started.reason] = false, reason
  push2(ended.started, id, pack(s))
  if due and due > now then
    push2(ended.scheduled, due, id)
    index_by_tenant('scheduled', s[Started.tenant_id], due, id)
  else
    add_to_lane(s[Started.tenant_id], s[Started.queue], s[Started.rank], id)
  end
end

local function touch_freed_tenants()
  local tenants = {}
  for tenant in pairs(freed) do push(tenants, tenant) end
  for i, reason in ipairs(read('HMGET', 'blocked', tenants)) do
    if reason == 'concurrency' then touch(tenants[i]) end
  end
end

-- Returns the queues that may have room now.
local function write_left_queues()
  local queues = {}
  for queue, ids in pairs(left_queues) do
    if ids then
      write('SREM', 'queue_running/' .. queue, ids)
      push(queues, queue)
    end
  end
  return queues
end

local function write_lease_ends()
  write('HSET', 'started', ended.started)
  write('ZREM', 'leases', ended.leases)
  write('ZREM', 'slots', ended.slots)
  write('ZADD', 'scheduled', ended.scheduled)
  write_job_ends()
  write_tenant_indexes()
  charge_run_times()
  write_lanes()
  touch_freed_tenants()
  local queues = write_left_queues()
  update_run_indexes()
  if #queues > 0 then wake_each(queues) end
  sum('ended', leases_ended)
  sum('run_ms', run_ms)
  write_counts()
  publish_events({
    scheduled = ended.scheduled, completed = ends.completed, failed = ends.failed, cancelled = ends.cancelled,
  }, added_to_lanes)
end
