#!lua flags=no-writes
-- get: all records of some jobs.
-- KEYS prefix
-- ARGV at ids extras
-- RETURNS for each job: id, record or false, started, result, lease expiry, due time, extras (extras = 1)
-- EVENTS
-- NEEDS base
-- ids: msgpack array
local wanted = unpack_value(ids)
local answers = {}
local started = read('HMGET', 'started', wanted)
local leases = read('ZMSCORE', 'leases', wanted)
local due = read('ZMSCORE', 'scheduled', wanted)
for i, id in ipairs(wanted) do
  push_all(answers, { id, call('GET', key('j/' .. id)), started[i], call('GET', key('r/' .. id)), leases[i], due[i] })
  push(answers, extras == '1' and call('HGETALL', key('x/' .. id)) or { 'p', call('HGET', key('x/' .. id), 'p') })
end
return answers
