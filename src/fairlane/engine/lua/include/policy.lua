-- policy: the limits of a tenant, its own or the default. 0 means unlimited.
--   defaults  msgpack {submit limit, submit window us, concurrency, start limit, start window us, weight, paused}
--   policies  hash TENANT -> the same
--   fairness  what tenants pay for, in virtual time: 'jobs' for each start, 'seconds' for run time too
local by_seconds = call('GET', key('fairness')) == 'seconds'
-- With 'seconds', a start pays for the first tenth of a second, so that a burst cannot start more than its share.
local START_COST = by_seconds and 0.1 or 1
local default_policy
local own_policies = {}

local function policy_from(packed)
  local p = unpack_value(packed)
  return {
    submit_limit = p[1], submit_window = p[2], concurrency = p[3],
    start_limit = p[4], start_window = p[5], weight = p[6], paused = p[7],
  }
end

local function load_policies(tenants)
  default_policy = policy_from(call('GET', key('defaults')))
  for i, own in ipairs(read_any('HMGET', 'policies', tenants)) do
    if own then own_policies[tenants[i]] = policy_from(own) end
  end
end

-- Of a tenant whose policy has been loaded.
local function policy(tenant)
  return own_policies[tenant] or default_policy
end
