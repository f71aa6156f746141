#!lua
-- submit: make jobs. One of an id that exists is there already: it is answered created, and changes nothing.
-- KEYS prefix
-- ARGV at items idempotency_ms records...
-- RETURNS now, then for each item: status, job id, run at, rate or nil: limit, window (us), remaining, reset (ms)
-- EVENTS none>pending none>scheduled
-- NEEDS base policy window making
-- Of a job that was there already, run at is what this call would have made it.
-- items: msgpack [[id, tenant, queue, priority, delay, run at or 0, idempotency key, fingerprint, business key], ...]
local jobs = unpack_value(items)
local keyed = {}
local answers = { now }
local idempotent, used_keys = {}, {} -- of this call
local rates = {} -- tenant -> {used, added}

local function answer(status, id, run_at, rate)
  push2(answers, status, id)
  local left = rate and { rate.limit, rate.window, math.max(0, rate.limit - rate.used), rate.reset }
  push2(answers, run_at or false, left or false)
end

local ids, tenants = {}, {}
for i, job in ipairs(jobs) do
  ids[i] = key('j/' .. job[1])
  if job[2] ~= tenants[#tenants] then push(tenants, job[2]) end
end
load_policies(tenants)
local any_repeated = call('EXISTS', unpack(ids)) > 0

-- What was met of a job whose id does not exist (any more): the holder of its key.
local function earlier(job)
  local id, tenant, idempotency_key, fingerprint, business_key = job[1], job[2], job[7], job[8], job[9]
  if idempotency_key ~= '' then
    local k = key('i/' .. tenant .. '/' .. idempotency_key)
    local first = idempotent[k]
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
    local holder = used_keys[k] or call('GET', k)
    if holder and holder ~= id then return 'deduplicated', holder end
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

-- Until the rate has room for one more (ms); 0 if it has now.
local function reset_of(tenant, rate)
  if rate.used < rate.limit then return 0 end
  local opens = now_us + rate.window
  if rate.limit > rate.added then opens = window_opens('rate/' .. tenant, rate.window, rate.limit - rate.added) end
  return math.ceil((opens - now_us) / 1000)
end

-- Take one event of the tenant's rate. False when there is none left.
local function take(tenant)
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

local seen = {}
for i, job in ipairs(jobs) do
  local id, tenant, queue, priority = job[1], job[2], job[3], job[4]
  local run_at = job[6] > 0 and job[6] or now + job[5]
  if seen[id] or (any_repeated and call('EXISTS', ids[i]) == 1) then
    answer('created', id, run_at)
  else
    local status, first = earlier(job)
    if status then
      answer(status, first)
    elseif not take(tenant) then
      answer('rate_limited', id, nil, rates[tenant])
    else
      seen[id] = true
      make(id, tenant, queue, priority, run_at, records[i])
      if job[7] ~= '' then idempotent[key('i/' .. tenant .. '/' .. job[7])] = { id, job[8] } end
      if job[9] ~= '' then
        used_keys[key('u/' .. tenant .. '/' .. job[9])] = id
        push2(keyed, id, job[9])
      end
      answer('created', id, run_at, rates[tenant])
    end
  end
end

if #made.records > 0 then
  write('HSET', 'keyed', keyed)
  for k, first in pairs(idempotent) do call('SET', k, pack(first), 'PX', idempotency_ms) end
  for k, id in pairs(used_keys) do call('SET', k, id) end
  for tenant, rate in pairs(rates) do
    if rate and rate.added > 0 then window_add('rate/' .. tenant, rate.window, rate.added) end
  end
  write_made()
end
return answers
