#!lua
-- submit: create jobs. Submitting the same request again under its id changes nothing and answers `created`. An id
-- that belongs to another request answers `id_taken`.
-- KEYS prefix
-- ARGV at items most_tenants records...
-- RETURNS now, then for each item: status, job id, run at, rate or nil: limit, window (us), remaining, reset (ms).
--   With backlog_full instead of the rate: jobs waiting, limit. With unknown_need instead of run at: the unknown id.
--   too_many_tenants is the answer for a new tenant beside most_tenants others
-- EVENTS none>pending none>scheduled
-- NEEDS base job policy sliding_window new_jobs constraints counts unfinished conflicts new_needs batches
-- For an id that exists already, run at is the time that this call asked for.
-- items: msgpack array of PlainlySubmitted and Submitted
-- records: the stored form of each request, without the time of its creation
-- The proof of a parent is the SHA-1 digest of the token of its lease.
--   i/TENANT/KEY      msgpack {job, fingerprint of the request, time (ms) until which it holds} of an idempotency key
--   idempotency_keys  zset "TENANT/KEY" by the time (ms) until which it holds
--   idempotency_ms    how long a new one holds; absent: a day
local jobs = unpack_value(items)
local keyed = {}
local answers = { now }
local taken, holders = {}, {} -- by jobs of this call: idempotency key -> as in i/, business key -> id
local conflicts = {} -- {number of a request, id of the job that it changes}
local rates = {} -- tenant -> {used, added}

local function answer(status, id, run_at, rate)
  local n = #answers
  answers[n + 1], answers[n + 2], answers[n + 3] = status, id, run_at or false
  answers[n + 4] = rate and { rate.limit, rate.window, math.max(0, rate.limit - rate.used), rate.reset } or false
end

local request_keys, tenants = {}, {}
local is_bounded = {} -- tenant -> whether it has a limit that a submission may meet
for i, job in ipairs(jobs) do
  request_keys[i] = prefix .. 'j/' .. job[Submitted.id]
  local tenant = job[Submitted.tenant_id]
  if is_bounded[tenant] == nil then
    is_bounded[tenant] = true
    push(tenants, tenant)
  end
end
load_policies(tenants)
for _, tenant in ipairs(tenants) do
  local p = policy(tenant)
  is_bounded[tenant] = p.submit_limit > 0 or p.max_waiting > 0
end
local any_repeated = call('EXISTS', unpack(request_keys)) > 0

-- Returns a status and the id of the earlier job that holds the job's idempotency key or business key, if there is one.
local function find_holder(job)
  local id, tenant = job[Submitted.id], job[Submitted.tenant_id]
  local idempotency_key, business_key = job[Submitted.idempotency_key], job[Submitted.key]
  if idempotency_key ~= '' then
    local k = key('i/' .. tenant .. '/' .. idempotency_key)
    local first = taken[k]
    if not first then
      local packed = call('GET', k)
      first = packed and unpack_value(packed)
    end
    if first and first[3] > now then
      return first[2] == job[Submitted.fingerprint] and 'replayed' or 'key_reused', first[1]
    end
  end
  if business_key ~= '' then
    local k = key('u/' .. tenant .. '/' .. business_key)
    local holder = holders[k] or call('GET', k)
    if holder and holder ~= id then return 'deduplicated', holder end
  end
end

local DAY_MS = 86400000
local holds_until

-- id: the job that this request made or changed.
local function take_idempotency_key(job, id)
  local idempotency_key = job[Submitted.idempotency_key]
  if idempotency_key == '' then return end
  holds_until = holds_until or now + (call('GET', key('idempotency_ms')) or DAY_MS)
  local k = key('i/' .. job[Submitted.tenant_id] .. '/' .. idempotency_key)
  taken[k] = { id, job[Submitted.fingerprint], holds_until }
end

local function take_keys(job)
  local id, business_key = job[Submitted.id], job[Submitted.key]
  take_idempotency_key(job, id)
  if business_key ~= '' then
    holders[key('u/' .. job[Submitted.tenant_id] .. '/' .. business_key)] = id
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

-- Jobs that had not ended before this call, of the tenants whose backlog has a bound.
local bounded = {}
for _, tenant in ipairs(tenants) do
  if policy(tenant).max_waiting > 0 then push(bounded, tenant) end
end
local unfinished = count_unfinished(bounded)

-- How many jobs of a tenant wait, if they are as many as may: scheduled and pending ones.
local function full_backlog(tenant)
  local most = policy(tenant).max_waiting
  if most == 0 then return nil end
  local now_unfinished = unfinished[tenant] + (counted['submitted'] and counted['submitted'][tenant] or 0)
  if now_unfinished < most then return nil end
  local waiting = now_unfinished - running(tenant)
  return waiting >= most and waiting or nil
end

-- Whether the tenant is known, or the store has room for a new one.
local room = tonumber(most_tenants) - call('ZCARD', key('tenants'))
local has_place = {}
local function is_admitted(tenant)
  if room >= #tenants then return true end -- for all tenants of this call
  if has_place[tenant] == nil then
    local is_new = not call('ZSCORE', key('tenants'), tenant)
    has_place[tenant] = not is_new or room > 0
    if is_new then room = room - 1 end
  end
  return has_place[tenant]
end

-- Whether a running job of the tenant submits this one. Its token is a secret of the worker that runs it.
local parents = {} -- job id -> its state, or false
local function is_child(job)
  local parent = job[Submitted.parent_id]
  if not parent then return false end
  if parents[parent] == nil then
    local packed = call('HGET', key('started'), parent)
    parents[parent] = packed and unpack_value(packed)
  end
  local s = parents[parent]
  if not (s and s[Started.running] and s[Started.tenant_id] == job[Submitted.tenant_id]) then return false end
  return redis.sha1hex(s[Started.token]) == job[Submitted.parent_proof]
end

-- When (ms) a job is to start that is not a PlainlySubmitted.
local function start_of(job)
  return job[Submitted.run_at_ms] > 0 and job[Submitted.run_at_ms] or now + job[Submitted.delay_ms]
end

-- Why the batch does not take the job: unknown_batch, batch_sealed or batch_full; nil if it does. A sealed batch takes
-- the jobs that its running jobs submit.
local MOST_MEMBERS = 100000
local function batch_refusal(batch, job)
  local tenant, sealed, cancelled = unpack(call('HMGET', key('batch/' .. batch), 'tenant', 'sealed', 'cancelled'))
  if tenant ~= job[Submitted.tenant_id] then return 'unknown_batch' end
  local from_within = is_child(job) and call('HGET', key('batched'), job[Submitted.parent_id]) == batch
  if cancelled or (sealed and not from_within) then return 'batch_sealed' end
  if call('ZCARD', key('members/' .. batch)) >= MOST_MEMBERS then return 'batch_full' end
end

local seen = {} -- id -> request

-- Answer a request whose job exists already.
local function answer_again(i, id, earlier, run_at)
  local is_same = is_same_request(earlier, records[i]) or made_first(id, records[i])
  if not is_same then return answer('id_taken', id) end
  answer('created', id, waits_for_needs(id) and NEVER or run_at)
end

-- As find_holder. A request that replaces the holder's is noted.
local function meet_holder(i, job)
  local status, holder = find_holder(job)
  if status ~= 'deduplicated' or job[Submitted.on_conflict] == '' or has_started(holder) then return status, holder end
  push(conflicts, { i, holder })
  take_idempotency_key(job, holder)
  return 'replaced', holder
end

local function submit(i, job)
  local id, tenant = job[Submitted.id], job[Submitted.tenant_id]
  local is_plain = job[Submitted.run_at_ms] == nil -- PlainlySubmitted has fewer fields
  local run_at = is_plain and now or start_of(job)
  local earlier = seen[id]
  if not earlier and any_repeated then earlier = request_of(call('GET', request_keys[i])) end
  if earlier then return answer_again(i, id, earlier, run_at) end
  local has_keys = not is_plain and (job[Submitted.idempotency_key] ~= '' or job[Submitted.key] ~= '')
  if has_keys then
    local status, holder = meet_holder(i, job)
    if status then return answer(status, holder) end
  end
  local needs = not is_plain and #job[Submitted.needs] > 0 and job[Submitted.needs]
  local unknown = needs and unknown_need(tenant, needs, seen)
  if unknown then return answer('unknown_need', id, unknown) end
  local batch = not is_plain and job[Submitted.batch_id]
  local refusal = batch and batch_refusal(batch, job)
  if refusal then return answer(refusal, id) end
  if not is_admitted(tenant) then return answer('too_many_tenants', id) end
  if is_bounded[tenant] then
    local waiting = full_backlog(tenant)
    if waiting then
      push2(answers, 'backlog_full', id)
      return push2(answers, false, { waiting, policy(tenant).max_waiting })
    end
    local is_free = not is_plain and is_child(job)
    if not is_free and not take_from_rate(tenant) then return answer('rate_limited', id, nil, rates[tenant]) end
  end
  if needs then run_at = due_after_needs(id, needs, job[Submitted.runs_anyway], run_at) end
  seen[id] = records[i]
  local place = is_plain and job[PlainlySubmitted.place] or job[Submitted.place]
  create_job(
    id, request_keys[i], place, tenant, job[Submitted.queue], job[Submitted.priority], run_at, records[i],
    not is_plain and job[Submitted.expires_in_ms] or 0
  )
  if has_keys then take_keys(job) end
  if batch then join_batch(batch, id) end
  answer('created', id, run_at, rates[tenant])
end

for i, job in ipairs(jobs) do submit(i, job) end

if #new_jobs.records > 0 then
  write('HSET', 'keyed', keyed)
  for k, id in pairs(holders) do call('SET', k, id) end
  for tenant, rate in pairs(rates) do
    if rate and rate.added > 0 then window_add('rate/' .. tenant, rate.window, rate.added) end
  end
  write_new_jobs()
end
-- Last, because jobs of this call may be changed by later requests of the call.
for _, conflict in ipairs(conflicts) do replace_request(conflict[2], jobs[conflict[1]], records[conflict[1]]) end
publish_postponed()
local held = {}
for k, first in pairs(taken) do
  call('SET', k, pack(first))
  push2(held, first[3], string.sub(k, #prefix + 3))
end
write('ZADD', 'idempotency_keys', held)
return answers
