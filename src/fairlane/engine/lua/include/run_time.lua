-- run_time: with fairness by seconds, a tenant pays for the run time of a job when its lease ends.
-- NEEDS base policy fair_queueing
--   owed  hash TENANT -> virtual time charged for run time since the tenant last started a job
local run_times = {} -- tenant -> run index -> cost in seconds

-- index: the run index of the worker that ran the job.
local function add_run_time(tenant, index, claimed_at)
  if not by_seconds then return end
  local cost = math.max(0, (now - claimed_at) / 1000 - START_COST)
  run_times[tenant] = run_times[tenant] or {}
  run_times[tenant][index] = (run_times[tenant][index] or 0) + cost
end

-- A tenant that is not in the run index pays from its time at rest, or from the floor that has passed it.
local function charge(tenant, cost, index)
  local score = call('ZADD', key('run/' .. index), 'XX', 'INCR', cost, tenant)
  local time = score and score + shift_of(index)
  if not time then
    local before = call('HGET', key('resting'), tenant) or call('HGET', key('floor'), index) or highest_floor()
    time = before + cost
  end
  rest({ tenant }, { time })
  call('HSET', key('owed'), tenant, (call('HGET', key('owed'), tenant) or 0) + cost)
end

local function charge_run_times()
  if not next(run_times) then return end
  local tenants = {}
  for tenant in pairs(run_times) do push(tenants, tenant) end
  load_policies(tenants)
  for tenant, costs in pairs(run_times) do
    for index, cost in pairs(costs) do charge(tenant, cost / policy(tenant).weight, index) end
  end
end
