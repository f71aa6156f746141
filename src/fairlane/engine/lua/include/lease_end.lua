-- lease_end: ends leases and jobs. The script that ends a lease frees its slot and unblocks its tenant.
-- KEYS prefix
-- NEEDS base job counts lanes run_indexes run_time tenant_indexes events
--   leases     zset job by expiry (ms): exactly the running jobs
--   scheduled  zset job by the time (ms) at which it becomes due
--   completed, failed, cancelled  zset job by the time (ms) it ended
--   keyed      hash job -> business key, while the job is unfinished; u/TENANT/KEY -> job
--   awaited    zset job by the time (ms) until which a caller waits for its end
--   channel ended: a job with a waiting caller has ended
local ended = {
  started = {}, finished = {}, leases = {}, slots = {}, results = {},
  scheduled = {}, completed = {}, failed = {}, cancelled = {},
}
local some_are_blocked = call('EXISTS', key('blocked')) == 1
local freed = {} -- tenants that lost a lease, collected only if some tenants are blocked
local leases_ended, run_ms = 0, 0

local function end_lease(id, s)
  leases_ended = leases_ended + 1
  if now > s[Started.claimed_at] then run_ms = run_ms + now - s[Started.claimed_at] end
  push(ended.leases, id)
  push(ended.slots, s[Started.tenant_id] .. '/' .. id)
  if some_are_blocked then freed[s[Started.tenant_id]] = true end
  add_run_time(s)
end

local function attempt_of(s, outcome, body)
  return PastAttempt{
    number = s[Started.attempt], worker = s[Started.worker], claimed_at = s[Started.claimed_at], ended_at = now,
    outcome = outcome, body = body,
  }
end

-- End a job in a terminal state. A job that never started has the token '' and the attempt 0 in `s`.
local function conclude(id, s, state, reason, outcome, body)
  push2(ended.results, prefix .. 'r/' .. id, pack(Ended{
    state = state, reason = reason, token = s[Started.token], attempt = s[Started.attempt], base = s[Started.base],
    worker = s[Started.worker], claimed_at = s[Started.claimed_at], ended_at = now, outcome = outcome, body = body,
  }))
  push(ended.finished, id)
  push2(ended[state], now, id)
  index_by_tenant(state, s[Started.tenant_id], now, id)
  count(state == 'completed' and 'completed' or 'unsuccessful', s[Started.tenant_id])
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

local function free_business_keys(ids)
  local owners = {}
  for i, business_key in ipairs(read_any('HMGET', 'keyed', ids)) do
    if business_key then
      local record = call('GET', key('j/' .. ids[i]))
      if record then -- if it is missing (corruption), leave the entry for `doctor`
        call('DEL', key('u/' .. header_of(record)[Header.tenant_id] .. '/' .. business_key))
        push(owners, ids[i])
      end
    end
  end
  write('HDEL', 'keyed', owners)
end

local function notify_waiting_callers(ids)
  for i, wanted_until in ipairs(read_any('ZMSCORE', 'awaited', ids)) do
    if wanted_until then
      call('ZREM', key('awaited'), ids[i])
      call('PUBLISH', key('ended'), ids[i])
    end
  end
end

local function touch_freed_tenants()
  local tenants = {}
  for tenant in pairs(freed) do push(tenants, tenant) end
  for i, reason in ipairs(read('HMGET', 'blocked', tenants)) do
    if reason == 'concurrency' then touch(tenants[i]) end
  end
end

local function write_lease_ends()
  write('HSET', 'started', ended.started)
  write('HDEL', 'started', ended.finished)
  write('ZREM', 'leases', ended.leases)
  write('ZREM', 'slots', ended.slots)
  write_keys('MSET', ended.results)
  write('ZADD', 'scheduled', ended.scheduled)
  for _, state in ipairs({ 'completed', 'failed', 'cancelled' }) do write('ZADD', state, ended[state]) end
  write_tenant_indexes()
  free_business_keys(ended.finished)
  notify_waiting_callers(ended.finished)
  charge_run_times()
  write_lanes()
  touch_freed_tenants()
  update_run_indexes()
  sum('ended', leases_ended)
  sum('run_ms', run_ms)
  write_counts()
  publish_events({
    scheduled = ended.scheduled, completed = ended.completed, failed = ended.failed, cancelled = ended.cancelled,
  }, added_to_lanes)
end
