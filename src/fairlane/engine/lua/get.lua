#!lua flags=no-writes
-- get: all records of some jobs.
-- KEYS prefix
-- ARGV at ids extras only_of
-- RETURNS for each job: id, record or false, started, result, lease expiry, due time, extras (extras = 1)
-- EVENTS
-- NEEDS base job
-- ids: msgpack array; only_of: a tenant, or empty. Jobs of other tenants are answered as absent ones, after the same
--   commands, so that the time tells nothing
local wanted = unpack_value(ids)
local answers = {}
local started = read('HMGET', 'started', wanted)
local leases = read('ZMSCORE', 'leases', wanted)
local due = read('ZMSCORE', 'scheduled', wanted)
for i, id in ipairs(wanted) do
  if only_of ~= '' and names_of(id) ~= only_of then
    push_all(answers, { id, false, false, false, false, false, {} })
  else
    push_all(answers, { id, call('GET', key('j/' .. id)), started[i], call('GET', key('r/' .. id)), leases[i], due[i] })
    push(answers, extras == '1' and call('HGETALL', key('x/' .. id)) or { 'p', call('HGET', key('x/' .. id), 'p') })
  end
end
return answers
