-- policy: the limits of a tenant, its own or the default. 0 means unlimited.
-- NEEDS base
--   defaults  Policy (msgpack) that holds where a tenant sets no limit
--   policies  hash TENANT -> Policy (msgpack), with nil where the default holds
--   fairness  what tenants pay for, in virtual time: 'jobs' for each start, 'seconds' for run time too
local by_seconds = call('GET', key('fairness')) == 'seconds'
-- With 'seconds', a start pays for the first tenth of a second, so that a burst cannot start more than its share.
local START_COST = by_seconds and 0.1 or 1
local default_policy
local own_policies = {}

local function policy_from(packed, default)
  local p = unpack_value(packed)
  local paused = p[Policy.paused]
  if paused == nil then paused = default.paused end
  return {
    submit_limit = p[Policy.submit_limit] or default.submit_limit,
    submit_window = p[Policy.submit_window_us] or default.submit_window,
    concurrency = p[Policy.concurrency] or default.concurrency,
    start_limit = p[Policy.start_limit] or default.start_limit,
    start_window = p[Policy.start_window_us] or default.start_window,
    weight = p[Policy.weight] or default.weight,
    paused = paused,
    max_waiting = p[Policy.max_waiting] or default.max_waiting,
    completed_ms = p[Policy.keep_completed_ms] or default.completed_ms,
    completed_max = p[Policy.keep_completed_max] or default.completed_max,
    failed_ms = p[Policy.keep_failed_ms] or default.failed_ms,
    failed_max = p[Policy.keep_failed_max] or default.failed_max,
  }
end

local function load_policies(tenants)
  default_policy = policy_from(call('GET', key('defaults')), {})
  for i, own in ipairs(read_any('HMGET', 'policies', tenants)) do
    if own then own_policies[tenants[i]] = policy_from(own, default_policy) end
  end
end

-- load_policies must have been called with the tenant.
local function policy(tenant)
  return own_policies[tenant] or default_policy
end
