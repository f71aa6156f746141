#!lua flags=allow-oom
-- finish: end leases with the outcomes that workers report. A repeated report changes nothing and answers `ok`.
-- KEYS prefix
-- ARGV at outcomes jitter
-- RETURNS for each outcome: ok or stale_lease
-- EVENTS running>completed running>scheduled running>failed running>pending running>cancelled
-- NEEDS base job counts job_ends lease_end logs
-- outcomes: msgpack array of Reported
-- If the record is missing (corruption), answer `stale_lease` and leave the entry for `doctor`.
local items = unpack_value(outcomes)
local ids, answers = {}, {}
for i, item in ipairs(items) do ids[i] = item[Reported.id] end
local packed = read('HMGET', 'started', ids)

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

-- Hand back a job that its worker cannot run: a worker of another version may. The pauses double. Returns false once
-- `patience` (ms) is over since the first hand-back.
local FIRST_PAUSE, LONGEST_PAUSE = 1000, 30000
local function hand_back(id, s, patience)
  if s[Started.unfit_since] == 0 then s[Started.unfit_since] = now end
  local waited = now - s[Started.unfit_since]
  if waited >= patience then return false end
  local pause = math.min(math.max(waited, FIRST_PAUSE), LONGEST_PAUSE, patience - waited)
  s[Started.attempt] = s[Started.attempt] - 1
  requeue(id, s, 'unfit', now + pause)
  return true
end

local function apply(i, s, item)
  local id, kind, body = item[Reported.id], item[Reported.kind], item[Reported.body]
  local fails = kind == 'failed' and s[Started.cancelled_by] == ''
  local record = fails and call('GET', key('j/' .. id))
  if fails and not record then return 'stale_lease' end
  end_lease(id, s)
  if kind == 'completed' then
    conclude(id, s, 'completed', '', 'completed', body)
  elseif kind == 'cancelled' or s[Started.cancelled_by] ~= '' then
    count('other_ends', s[Started.tenant_id])
    local reason = s[Started.cancelled_by] ~= '' and 'cancelled_by_user' or 'cancelled_by_task'
    conclude(id, s, 'cancelled', reason, 'cancelled', body)
  elseif fails and item[Reported.failure] == 'unfit' and hand_back(id, s, item[Reported.delay_ms]) then
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

local handled = {}
for i, item in ipairs(items) do
  local id, token = item[Reported.id], item[Reported.token]
  local s = packed[i] and unpack_value(packed[i])
  if token == '' then -- a job without a lease is stored with this token
    answers[i] = 'stale_lease'
  elseif handled[id] then
    answers[i] = handled[id] == token and 'ok' or 'stale_lease'
  elseif s and s[Started.token] == token then
    local runs = s[Started.running]
    answers[i] = runs and apply(i, s, item) or 'ok'
    if answers[i] == 'ok' then
      handled[id] = token
      if runs then keep_progress_and_logs(item) end
    end
  else
    local result = not s and call('GET', key('r/' .. id))
    answers[i] = result and unpack_value(result)[Ended.token] == token and 'ok' or 'stale_lease'
  end
end
write_lease_ends()
return answers
