#!lua flags=no-writes
-- held: the leases of a worker.
-- KEYS prefix
-- ARGV at worker
-- RETURNS for each lease: job, token, 1 if the job is a suspect
-- EVENTS
-- NEEDS base
local held = {}
local running_jobs = call('ZRANGE', key('leases'), 0, -1)
for i, packed in ipairs(read('HMGET', 'started', running_jobs)) do
  local s = packed and unpack_value(packed)
  if s and s[Started.worker] == worker then
    push_all(held, { running_jobs[i], s[Started.token], s[Started.suspect] and 1 or 0 })
  end
end
return held
