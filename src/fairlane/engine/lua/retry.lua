#!lua flags=allow-oom
-- retry: return failed jobs to their lanes with as many attempts as they had at first.
-- KEYS prefix
-- ARGV at author call_id ids
-- RETURNS for each job: retried, repeated, conflict, key_taken or not_found
-- EVENTS failed>pending
-- NEEDS base audit_jobs saved_answer job reviving counts lanes run_indexes tenant_indexes events
-- ids: msgpack array, each id once
local first_answer = saved_answer()
if first_answer then return first_answer end

local started, again, by_tenant = {}, {}, {}

local function retry(id, packed)
  local record = call('GET', key('j/' .. id))
  if not record then return 'not_found' end
  local result = call('GET', key('r/' .. id))
  -- An unfinished job with a base attempt was retried before; it may have been claimed since.
  if not result then return packed and unpack_value(packed)[Started.base] > 0 and 'repeated' or 'conflict' end
  local r = unpack_value(result)
  if r[Ended.state] ~= 'failed' then return 'conflict' end

  local h = header_of(record)
  if not take_key(id, h) then return 'key_taken' end
  local rank = rank_of(h[Header.priority], call('INCR', key('sequence')))
  push2(started, id, pack(Started{
    token = r[Ended.token], running = false, attempt = r[Ended.attempt], base = r[Ended.attempt],
    claimed_at = r[Ended.claimed_at], worker = r[Ended.worker], tenant_id = h[Header.tenant_id],
    queue = h[Header.queue], rank = rank, cancelled_by = '', reason = 'retried', unfit_since = 0, serves_all = false,
    suspect = false,
  }))
  keep_attempt(id, PastAttempt{
    number = r[Ended.attempt], worker = r[Ended.worker], claimed_at = r[Ended.claimed_at],
    ended_at = r[Ended.ended_at], outcome = r[Ended.outcome], body = r[Ended.body],
  })
  push(again, id)
  note_changed(id, 'failed')
  by_tenant[h[Header.tenant_id]] = by_tenant[h[Header.tenant_id]] or {}
  push(by_tenant[h[Header.tenant_id]], id)
  send_back_flow(id, h)
  count('retried', h[Header.tenant_id])
  count('unsuccessful', h[Header.tenant_id], -1)
  add_to_lane(h[Header.tenant_id], h[Header.queue], rank, id)
  return 'retried'
end

local wanted, answers = unpack_value(ids), {}
for i, packed in ipairs(read('HMGET', 'started', wanted)) do answers[i] = retry(wanted[i], packed) end
write('HSET', 'started', started)
local results = {}
for i, id in ipairs(again) do results[i] = key('r/' .. id) end
write_keys('DEL', results)
remove_from_indexes('failed', by_tenant)
write_lanes()
update_run_indexes()
write_counts()
publish_events({}, added_to_lanes)
write_job_audit('job.retry', { failed = 'pending' })
return save_answer(answers)
