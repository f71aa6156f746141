-- job_ends: ends jobs. A job ends here only.
-- KEYS prefix
-- NEEDS base job counts tenant_indexes needs batches
--   completed, failed, cancelled  zset job by the time (ms) it ended
--   keyed    hash job -> business key, while the job is unfinished; u/TENANT/KEY -> job
--   awaited  zset job by the time (ms) until which a caller waits for its end, or reads it
--   channel ended: a job with a waiting caller has ended
local ends = { jobs = {}, results = {}, completed = {}, failed = {}, cancelled = {} }

-- result: its Ended, packed. write_job_ends must follow.
local function end_job(id, tenant, state, result)
  local n = #ends.jobs + 1
  ends.jobs[n] = id
  ends.results[2 * n - 1], ends.results[2 * n] = prefix .. 'r/' .. id, result
  push2(ends[state], now, id)
  index_by_tenant(state, tenant, now, id)
end

-- End a job in a terminal state. write_job_ends must follow.
local function conclude(id, s, state, reason, outcome, body)
  end_job(id, s[Started.tenant_id], state, pack(Ended{
    state = state, reason = reason, token = s[Started.token], attempt = s[Started.attempt], base = s[Started.base],
    worker = s[Started.worker], claimed_at = s[Started.claimed_at], ended_at = now, outcome = outcome, body = body,
  }))
end

-- The state of a job that no worker has claimed.
local function never_started(tenant, queue)
  return Started{
    token = '', running = false, attempt = 0, base = 0, claimed_at = 0, worker = '', tenant_id = tenant, queue = queue,
    rank = 0, cancelled_by = '', reason = '', unfit_since = 0, serves_all = false, suspect = false,
  }
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

local READ_END_MS = 5000 -- how long a full store keeps an ended job for the callers that waited for it

local function notify_waiting_callers(ids)
  for i, wanted_until in ipairs(read_any('ZMSCORE', 'awaited', ids)) do
    if wanted_until then
      call('ZADD', key('awaited'), now + READ_END_MS, ids[i])
      call('PUBLISH', key('ended'), ids[i])
    end
  end
end

local function count_ends()
  for _, state in ipairs({ 'completed', 'failed', 'cancelled' }) do
    for tenant, jobs in pairs(indexed_by_tenant[state] or {}) do
      count(state == 'completed' and 'completed' or 'unsuccessful', tenant, #jobs / 2)
    end
  end
end

local ended_as = {} -- job -> state, of the jobs that note_ends has seen
local noted = { completed = 0, failed = 0, cancelled = 0 } -- how many entries of `ends` it has seen

-- The ended jobs wait for no others, and those that wait for them are due to be unlocked. Their batches hear of it.
local function note_ends()
  if call('EXISTS', key('needing'), key('batched')) == 0 then return end
  for state, last_noted in pairs(noted) do
    local ids = {}
    for i = last_noted + 2, #ends[state], 2 do
      local id = ends[state][i]
      push(ids, id)
      ended_as[id] = state
      leave_needs(id)
      if is_needed(id) then add_by_time('unlocking', id) end
    end
    note_standings(ids, state)
    noted[state] = #ends[state]
  end
end

-- The state in which a job has ended, perhaps in this call; nil if it has not.
local function state_of_end(id)
  return ended_as[id] or ended_state(id)
end

local function write_job_ends()
  note_ends()
  write('HDEL', 'started', ends.jobs)
  write_keys('MSET', ends.results)
  for _, state in ipairs({ 'completed', 'failed', 'cancelled' }) do write('ZADD', state, ends[state]) end
  free_business_keys(ends.jobs)
  notify_waiting_callers(ends.jobs)
  count_ends()
end
