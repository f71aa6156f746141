#!lua flags=allow-oom
-- cancel: cancel jobs that are not running; ask the workers of running ones to stop.
-- KEYS prefix
-- ARGV at author call_id ids
-- RETURNS for each job: cancelled, cancelling, repeated, conflict or not_found
-- EVENTS scheduled>cancelled pending>cancelled
-- NEEDS base audit_jobs saved_answer cancelling lease_end
-- ids: msgpack array, each id once
local first_answer = saved_answer()
if first_answer then return first_answer end

local wanted, answers = unpack_value(ids), {}
for i, packed in ipairs(read('HMGET', 'started', wanted)) do
  local before
  answers[i], before = cancel(wanted[i], packed)
  if before then note_changed(wanted[i], before) end
end
write_lease_ends()
write_job_audit('job.cancel', { running = 'cancelling', scheduled = 'cancelled', pending = 'cancelled' })
return save_answer(answers)
