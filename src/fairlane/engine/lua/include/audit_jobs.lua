-- audit_jobs: logs which jobs a call has changed, in one entry for each state that they were in.
-- NEEDS base audit
local changed_from = {}

-- Call write_job_audit when all jobs are noted.
local function note_changed(id, before)
  changed_from[before] = changed_from[before] or {}
  push(changed_from[before], id)
end

-- `after`: by the state before, the state after; '' if the jobs are deleted.
local function write_job_audit(action, after)
  for before, ids in pairs(changed_from) do
    audit('audit_work', action, ids, '"' .. before .. '"', after[before] and '"' .. after[before] .. '"' or 'null')
  end
end
