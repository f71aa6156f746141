#!lua flags=allow-oom
-- finish: end leases with the outcomes that workers report. A repeated report changes nothing and answers `ok`.
-- KEYS prefix
-- ARGV at outcomes jitter
-- RETURNS for each outcome: ok or stale_lease
-- EVENTS running>completed running>scheduled running>failed running>pending running>cancelled
-- NEEDS base job counts lease_end logs
-- outcomes: msgpack [[id, token, kind, delay or -1, failure, body], ...]; an outcome may have three more fields:
-- progress or '', the number of lines logged before, lines
-- If the record is missing (corruption), answer `stale_lease` and leave the entry for `doctor`.
local items = unpack_value(outcomes)
local ids, answers = {}, {}
for i, item in ipairs(items) do ids[i] = item[1] end
local packed = read('HMGET', 'started', ids)

local function backoff(h, s, i)
  local delay = math.min(h.backoff_cap, h.backoff_base * 2 ^ math.min(s[ATTEMPT] - s[BASE] - 1, 60))
  return delay * (0.5 + ((jitter + i * 0.618) % 1) / 2)
end

local function fail(i, id, s, h, delay, failure, body)
  local outcome = failure == 'error' and 'failed' or failure
  count('failed', s[TENANT])
  if failure ~= 'rejected' and s[ATTEMPT] - s[BASE] < h.max_attempts then
    keep_attempt(id, attempt_of(s, outcome, body))
    count('retried', s[TENANT])
    requeue(id, s, 'retry', now + math.floor(delay >= 0 and delay or backoff(h, s, i)))
  else
    conclude(id, s, 'failed', failure == 'error' and 'attempts_exhausted' or failure, outcome, body)
  end
end

local function apply(i, id, s, kind, delay, failure, body)
  local fails = kind == 'failed' and s[CANCELLED_BY] == ''
  local record = fails and call('GET', key('j/' .. id))
  if fails and not record then return 'stale_lease' end
  end_lease(id, s)
  if kind == 'completed' then
    conclude(id, s, 'completed', '', 'completed', body)
  elseif kind == 'cancelled' or s[CANCELLED_BY] ~= '' then
    count('other_ends', s[TENANT])
    local reason = s[CANCELLED_BY] ~= '' and 'cancelled_by_user' or 'cancelled_by_task'
    conclude(id, s, 'cancelled', reason, 'cancelled', body)
  elseif fails then
    fail(i, id, s, header_of(record), delay, failure, body)
  else
    count('other_ends', s[TENANT])
    s[ATTEMPT] = s[ATTEMPT] - 1
    requeue(id, s, kind, kind == 'snoozed' and now + delay or nil)
  end
  return 'ok'
end

local function keep_progress_and_logs(id, token, progress, first, lines)
  if progress ~= '' then call('HSET', key('x/' .. id), 'p', progress) end
  if #lines > 0 then append_lines(id, token, first, lines) end
end

local handled = {}
for i, item in ipairs(items) do
  local id, token = item[1], item[2]
  local s = packed[i] and unpack_value(packed[i])
  if token == '' then -- a job without a lease is stored with this token
    answers[i] = 'stale_lease'
  elseif handled[id] then
    answers[i] = handled[id] == token and 'ok' or 'stale_lease'
  elseif s and s[TOKEN] == token then
    local runs = s[RUNNING]
    answers[i] = runs and apply(i, id, s, item[3], item[4], item[5], item[6]) or 'ok'
    if answers[i] == 'ok' then
      handled[id] = token
      if runs and item[7] then keep_progress_and_logs(id, token, item[7], item[8], item[9]) end
    end
  else
    local result = not s and call('GET', key('r/' .. id))
    answers[i] = result and unpack_value(result)[3] == token and 'ok' or 'stale_lease'
  end
end
write_lease_ends()
return answers
