#!lua flags=allow-oom
-- finish: end leases with the outcomes that workers report. A repeated report changes nothing and answers `ok`.
-- KEYS prefix
-- ARGV at outcomes jitter
-- RETURNS for each outcome: ok or stale_lease
-- EVENTS none>pending scheduled>pending scheduled>cancelled
-- EVENTS running>completed running>scheduled running>failed running>pending running>cancelled
-- NEEDS base job counts job_ends unlocking callbacks lease_end logs
-- outcomes: one Reported (msgpack) after the other
-- If the record is missing (corruption), answer `stale_lease` and leave the entry for `doctor`.
local answers = {}
-- Of each outcome. A table of its fields would take as long as the rest of what Lua does for a completed job.
local ids, tokens, places = {}, {}, {}
local results = {} -- of the jobs that completed without progress or log lines; else false

local function read_outcomes()
  local at = #outcomes > 0 and 0 or -1
  while at >= 0 do
    local i = #ids + 1
    local after, id, token, kind, _, _, body, progress, _, lines = Reported.unpack(outcomes, at,
      'id', 'token', 'kind', 'delay_ms', 'failure', 'body', 'progress', 'lines_before', 'lines')
    ids[i], tokens[i], places[i] = id, token, at
    results[i] = kind == 'completed' and not progress and not lines and body
    at = after
  end
end

local function backoff(h, s, i)
  local doublings = math.min(s[Started.attempt] - s[Started.base] - 1, 60)
  local delay = math.min(h[Header.backoff_cap_ms], h[Header.backoff_base_ms] * 2 ^ doublings)
  return delay * (0.5 + ((jitter + i * 0.618) % 1) / 2)
end

local function fail(i, s, h, item)
  local id, delay = item[Reported.id], item[Reported.delay_ms]
  local failure, body = item[Reported.failure], item[Reported.body]
  if failure == 'unfit' then failure = 'rejected' end
  local outcome = failure == 'error' and 'failed' or failure
  count('failed', s[Started.tenant_id])
  if failure ~= 'rejected' and s[Started.attempt] - s[Started.base] < h[Header.max_attempts] then
    keep_attempt(id, attempt_of(s, outcome, body))
    s[Started.unfit_since], s[Started.suspect] = 0, false
    count('retried', s[Started.tenant_id])
    requeue(id, s, 'retry', now + math.floor(delay >= 0 and delay or backoff(h, s, i)))
  else
    conclude(id, s, 'failed', failure == 'error' and 'attempts_exhausted' or failure, outcome, body)
  end
end

-- Hand back a job that its worker cannot run: a worker of another version may. The pauses double. `why` is the error as
-- JSON text. Returns false once `patience` (ms) is over since the first hand-back.
local FIRST_PAUSE, LONGEST_PAUSE = 1000, 30000
local function hand_back(id, s, patience, why)
  if s[Started.unfit_since] == 0 then s[Started.unfit_since] = now end
  local waited = now - s[Started.unfit_since]
  if waited >= patience then return false end
  local pause = math.min(math.max(waited, FIRST_PAUSE), LONGEST_PAUSE, patience - waited)
  s[Started.attempt] = s[Started.attempt] - 1
  call('HSET', key('x/' .. id), 'u', why)
  requeue(id, s, 'unfit', now + pause)
  return true
end

local function apply(i, s, item)
  local id, kind, body = item[Reported.id], item[Reported.kind], item[Reported.body]
  local fails = kind == 'failed' and s[Started.cancelled_by] == ''
  local record = fails and call('GET', key('j/' .. id))
  if fails and not record then return 'stale_lease' end
  end_lease_of(id, s)
  if kind == 'completed' then
    conclude(id, s, 'completed', '', 'completed', body)
  elseif kind == 'cancelled' or s[Started.cancelled_by] ~= '' then
    count('other_ends', s[Started.tenant_id])
    local reason = s[Started.cancelled_by] ~= '' and 'cancelled_by_user' or 'cancelled_by_task'
    conclude(id, s, 'cancelled', reason, 'cancelled', body)
  elseif fails and item[Reported.failure] == 'unfit' and hand_back(id, s, item[Reported.delay_ms], body) then
    count('other_ends', s[Started.tenant_id])
  elseif fails then
    fail(i, s, header_of(record), item)
  else
    count('other_ends', s[Started.tenant_id])
    s[Started.attempt] = s[Started.attempt] - 1
    if kind == 'snoozed' then s[Started.unfit_since], s[Started.suspect] = 0, false end
    requeue(id, s, kind, kind == 'snoozed' and now + item[Reported.delay_ms] or nil)
  end
  return 'ok'
end

local function keep_progress_and_logs(item)
  local id, progress, lines = item[Reported.id], item[Reported.progress], item[Reported.lines]
  if progress then call('HSET', key('x/' .. id), 'p', progress) end
  if lines then append_lines(id, item[Reported.token], item[Reported.lines_before], lines) end
end

-- Both records begin with the same fields, which are copied: `complete` packs nothing but the result.
local COMPLETED = pack(Ended{
  token = '', attempt = 0, base = 0, worker = '', claimed_at = 0,
  state = 'completed', reason = '', ended_at = now, outcome = 'completed', body = '',
})
-- The empty fields before the state and after the outcome take a byte each.
local COMPLETED_HEAD, COMPLETED_REST = string.sub(COMPLETED, 1, 1), string.sub(COMPLETED, 7, -2)

-- The usual outcome. attempt_end: the number of bytes before the field `running` of the packed state.
local function complete(id, state, attempt_end, claimed_at, tenant, queue, serves_all, result)
  end_lease(id, tenant, queue, serves_all, claimed_at)
  local attempt = string.sub(state, 2, attempt_end)
  end_job(id, tenant, 'completed', COMPLETED_HEAD .. attempt .. COMPLETED_REST .. pack(result))
  return 'ok'
end

local function apply_other(i, state)
  local _, item = cmsgpack.unpack_one(outcomes, places[i])
  local answer = apply(i, unpack_value(state), item)
  if answer == 'ok' then keep_progress_and_logs(item) end
  return answer
end

local function has_ended(id, token)
  local result = call('GET', key('r/' .. id))
  return result and unpack_value(result)[Ended.token] == token
end

local handled = {}
local function report(i, state)
  local id, token = ids[i], tokens[i]
  if token == '' then return 'stale_lease' end -- a job without a lease is stored with this token
  if handled[id] then return handled[id] == token and 'ok' or 'stale_lease' end
  if not state then return has_ended(id, token) and 'ok' or 'stale_lease' end
  local after, its_token, _, _, _, claimed_at = LastAttempt.unpack(state, 0,
    'token', 'attempt', 'base', 'worker', 'claimed_at')
  if its_token ~= token then return 'stale_lease' end
  local _, runs, tenant, queue, serves_all = Started.unpack(state, after, 'running', 'tenant_id', 'queue', 'serves_all')
  local answer = 'ok'
  if runs and results[i] then
    answer = complete(id, state, after, claimed_at, tenant, queue, serves_all, results[i])
  elseif runs then
    answer = apply_other(i, state)
  end
  if answer == 'ok' then handled[id] = token end
  return answer
end

read_outcomes()
for i, state in ipairs(read('HMGET', 'started', ids)) do answers[i] = report(i, state) end
-- The next step of a flow starts without waiting for upkeep.
local MOST_UNLOCKED, MOST_SETTLED = 50, 10
if call('EXISTS', key('needing'), key('batched'), key('unsettled')) > 0 then
  unlock_some(MOST_UNLOCKED)
  settle_batches(MOST_SETTLED)
end
write_lease_ends()
return answers
