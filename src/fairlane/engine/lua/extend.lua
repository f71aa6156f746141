#!lua flags=allow-oom
-- extend: a worker's heartbeat. Renews its leases and notes that it lives and how far its jobs are.
-- KEYS prefix
-- ARGV at worker report lease_ms reports
-- RETURNS for each lease: ok, stale_lease or cancelled
-- EVENTS
-- reports: msgpack [[id, token, progress or ''], ...]; report: opaque, '' from a client that is no worker
-- include/workers.lua says what is kept of a worker.
-- include base
-- include job
-- include news
if report ~= '' then
  call('ZADD', key('workers'), now, worker)
  call('HSET', key('worker_info'), worker, report)
end
local items = unpack_value(reports)
local ids, answers, renewed, told = {}, {}, {}, {}
for i, item in ipairs(items) do ids[i] = item[1] end
for i, packed in ipairs(read('HMGET', 'started', ids)) do
  local s = packed and unpack_value(packed)
  if not s or not s[RUNNING] or s[TOKEN] ~= items[i][2] then
    answers[i] = 'stale_lease'
  else
    push2(renewed, now + lease_ms, ids[i])
    if items[i][3] ~= '' then
      call('HSET', key('x/' .. ids[i]), 'p', items[i][3])
      push2(told, 0, ids[i])
    end
    answers[i] = s[CANCELLED_BY] ~= '' and 'cancelled' or 'ok'
  end
end
write('ZADD', 'leases', renewed)
if #told > 0 then tell({ running = told }, {}) end
return answers
