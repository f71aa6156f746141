#!lua flags=allow-oom
-- delete: delete finished jobs that no unfinished job needs. Skips all others.
-- KEYS prefix
-- ARGV at author call_id ids
-- RETURNS for each job that was deleted: deleted
-- EVENTS
-- NEEDS base audit_jobs saved_answer job needs delete_jobs
-- ids: msgpack array, each id once
-- If the record is missing (corruption), leave the entry for `doctor`.
local first_answer = saved_answer()
if first_answer then return first_answer end

local wanted, answers = unpack_value(ids), {}
for _, state in ipairs({ 'completed', 'failed', 'cancelled' }) do
  local ended = {}
  for i, score in ipairs(read('ZMSCORE', state, wanted)) do
    local tenant = score and not is_needed(wanted[i]) and names_of(wanted[i])
    if tenant then
      ended[tenant] = ended[tenant] or {}
      push(ended[tenant], wanted[i])
      push(answers, 'deleted')
      note_changed(wanted[i], state)
    end
  end
  delete_jobs(state, ended)
end
write_job_audit('job.delete', {})
return save_answer(answers)
