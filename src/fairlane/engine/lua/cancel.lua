#!lua flags=allow-oom
-- cancel: cancel jobs that are not running; ask the workers of running ones to stop.
-- KEYS prefix
-- ARGV at author call_id ids
-- RETURNS for each job: cancelled, cancelling, repeated, conflict or not_found
-- EVENTS scheduled>cancelled pending>cancelled
-- NEEDS base audit_jobs saved_answer job job_ends waiting_end lease_end workers
-- ids: msgpack array, each id once
local first_answer = saved_answer()
if first_answer then return first_answer end

local function cancel(id, packed)
  local record = call('GET', key('j/' .. id))
  if not record then return 'not_found' end
  local result = call('GET', key('r/' .. id))
  if result then return unpack_value(result)[Ended.state] == 'cancelled' and 'repeated' or 'conflict' end

  local h = header_of(record)
  local s = packed and unpack_value(packed) or never_started(h[Header.tenant_id], h[Header.queue])
  if s[Started.running] then
    if s[Started.cancelled_by] ~= '' then return 'repeated' end
    s[Started.cancelled_by] = 'user'
    push2(ended.started, id, pack(s))
    notify_worker(s[Started.worker])
    note_changed(id, 'running')
    return 'cancelling'
  end
  note_changed(id, end_waiting(id, s, 'cancelled_by_user'))
  return 'cancelled'
end

local wanted, answers = unpack_value(ids), {}
for i, packed in ipairs(read('HMGET', 'started', wanted)) do answers[i] = cancel(wanted[i], packed) end
write_lease_ends()
write_job_audit('job.cancel', { running = 'cancelling', scheduled = 'cancelled', pending = 'cancelled' })
return save_answer(answers)
