#!lua
-- submit: create jobs. Submitting an existing id again changes nothing and answers `created`.
-- KEYS prefix
-- ARGV at items idempotency_ms records...
-- RETURNS now, then for each item: status, job id, run at, rate or nil: limit, window (us), remaining, reset (ms)
-- EVENTS none>pending none>scheduled
-- NEEDS base job policy sliding_window new_jobs
-- For an id that exists already, run at is the time that this call asked for.
-- items: msgpack [[id, tenant, queue, priority, delay, run at or 0, idempotency key, fingerprint, business key], ...]
-- An item may have two more fields: parent job id, SHA-1 digest of the parent's lease token.
--   i/TENANT/KEY  msgpack {job, fingerprint of the request} of an idempotency key; expires
local jobs = unpack_value(items)
local keyed = {}
local answers = { now }
local taken, holders = {}, {} -- by jobs of this call: idempotency key -> {id, fingerprint}, business key -> id
local rates = {} -- tenant -> {used, added}

local function answer(status, id, run_at, rate)
  push2(answers, status, id)
  local left = rate and { rate.limit, rate.window, math.max(0, rate.limit - rate.used), rate.reset }
  push2(answers, run_at or false, left or false)
end

local request_keys, tenants = {}, {}
for i, job in ipairs(jobs) do
  request_keys[i] = key('j/' .. job[1])
  if job[2] ~= tenants[#tenants] then push(tenants, job[2]) end
end
load_policies(tenants)
local any_repeated = call('EXISTS', unpack(request_keys)) > 0

-- Returns a status and the id of the earlier job that holds the job's idempotency key or business key, if there is one.
local function find_holder(id, tenant, idempotency_key, fingerprint, business_key)
  if idempotency_key ~= '' then
    local k = key('i/' .. tenant .. '/' .. idempotency_key)
    local first = taken[k]
    if not first then
      local packed = call('GET', k)
      first = packed and unpack_value(packed)
    end
    if first then
      return first[2] == fingerprint and 'replayed' or 'key_reused', first[1]
    end
  end
  if business_key ~= '' then
    local k = key('u/' .. tenant .. '/' .. business_key)
    local holder = holders[k] or call('GET', k)
    if holder and holder ~= id then return 'deduplicated', holder end
  end
end

local function take_keys(id, tenant, idempotency_key, fingerprint, business_key)
  if idempotency_key ~= '' then taken[key('i/' .. tenant .. '/' .. idempotency_key)] = { id, fingerprint } end
  if business_key ~= '' then
    holders[key('u/' .. tenant .. '/' .. business_key)] = id
    push2(keyed, id, business_key)
  end
end

local function rate_of(tenant)
  local rate = rates[tenant]
  if rate == nil then
    local p = policy(tenant)
    rate = false
    if p.submit_limit > 0 then
      local used = window_used('rate/' .. tenant, p.submit_window)
      rate = { limit = p.submit_limit, window = p.submit_window, used = used, added = 0, reset = 0 }
    end
    rates[tenant] = rate
  end
  return rate
end

-- The time (ms) until the rate has room for one more job; 0 if it has room now.
local function reset_of(tenant, rate)
  if rate.used < rate.limit then return 0 end
  local opens = now_us + rate.window
  if rate.limit > rate.added then opens = window_opens('rate/' .. tenant, rate.window, rate.limit - rate.added) end
  return math.ceil((opens - now_us) / 1000)
end

-- Count one submission against the tenant's rate. Returns false if the rate is used up.
local function take_from_rate(tenant)
  local rate = rate_of(tenant)
  if not rate then return true end
  local free = rate.used < rate.limit
  if free then
    rate.used = rate.used + 1
    rate.added = rate.added + 1
  end
  rate.reset = reset_of(tenant, rate)
  return free
end

-- Whether a running job of the tenant submits this one. Its token is a secret of the worker that runs it.
local parents = {} -- job id -> its state, or false
local function is_child(tenant, parent, proof)
  if not parent then return false end
  if parents[parent] == nil then
    local packed = call('HGET', key('started'), parent)
    parents[parent] = packed and unpack_value(packed)
  end
  local s = parents[parent]
  return s and s[RUNNING] and s[TENANT] == tenant and redis.sha1hex(s[TOKEN]) == proof
end

local seen = {}
for i, job in ipairs(jobs) do
  local id, tenant, idempotency_key, business_key = job[1], job[2], job[7], job[9]
  local run_at = job[6] > 0 and job[6] or now + job[5]
  if seen[id] or (any_repeated and call('EXISTS', request_keys[i]) == 1) then
    answer('created', id, run_at)
  else
    local has_keys, status, holder = idempotency_key ~= '' or business_key ~= '', nil, nil
    if has_keys then status, holder = find_holder(id, tenant, idempotency_key, job[8], business_key) end
    if status then
      answer(status, holder)
    elseif not is_child(tenant, job[10], job[11]) and not take_from_rate(tenant) then
      answer('rate_limited', id, nil, rates[tenant])
    else
      seen[id] = true
      create_job(id, tenant, job[3], job[4], run_at, records[i])
      if has_keys then take_keys(id, tenant, idempotency_key, job[8], business_key) end
      answer('created', id, run_at, rates[tenant])
    end
  end
end

if #new_jobs.records > 0 then
  write('HSET', 'keyed', keyed)
  for k, first in pairs(taken) do call('SET', k, pack(first), 'PX', idempotency_ms) end
  for k, id in pairs(holders) do call('SET', k, id) end
  for tenant, rate in pairs(rates) do
    if rate and rate.added > 0 then window_add('rate/' .. tenant, rate.window, rate.added) end
  end
  write_new_jobs()
end
return answers
