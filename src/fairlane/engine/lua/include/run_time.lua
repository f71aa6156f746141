-- run_time: with fairness by seconds, a tenant pays for the run time of a job when its lease ends.
-- NEEDS base policy lanes fair_queueing
--   owed  hash TENANT -> virtual time charged for run time since the tenant last started a job
local run_times = {} -- tenant -> {cost in seconds, a queue}

local function add_run_time(s)
  if not by_seconds then return end
  local cost = math.max(0, (now - s[Started.claimed_at]) / 1000 - START_COST)
  local earlier = run_times[s[Started.tenant_id]]
  run_times[s[Started.tenant_id]] = { (earlier and earlier[1] or 0) + cost, s[Started.queue] }
end

-- A tenant's virtual time is in the run indexes or in `resting`. Once a floor has passed it, it is in neither.
local function charge(tenant, cost, queue)
  local at_rest = call('HGET', key('resting'), tenant)
  local runs = false
  for _, lane in ipairs(queues_of(tenant)) do
    runs = call('ZADD', key('run/' .. lane), 'XX', 'INCR', cost, tenant) or runs
  end
  if at_rest or not runs then
    local before = at_rest or call('HGET', key('floor'), queue) or highest_floor()
    call('HSET', key('resting'), tenant, before + cost)
  end
  call('HSET', key('owed'), tenant, (call('HGET', key('owed'), tenant) or 0) + cost)
end

local function charge_run_times()
  if not next(run_times) then return end
  local tenants = {}
  for tenant in pairs(run_times) do push(tenants, tenant) end
  load_policies(tenants)
  for tenant, run_time in pairs(run_times) do charge(tenant, run_time[1] / policy(tenant).weight, run_time[2]) end
end
