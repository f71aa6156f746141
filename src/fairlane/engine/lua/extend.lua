#!lua flags=allow-oom
-- extend: a heartbeat. Renews leases; stores when the worker was last seen and the progress and logs of its jobs.
-- KEYS prefix
-- ARGV at worker report lease_ms reports
-- RETURNS for each lease: ok, stale_lease or cancelled
-- EVENTS
-- NEEDS base job events logs
-- reports: msgpack [[id, token, progress or '', lines logged before, lines], ...]
-- report: what the worker says of itself (opaque); '' from a client that is not a worker. See include/workers.lua.
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
    local token, progress, first, lines = unpack(items[i], 2, 5)
    if progress ~= '' then call('HSET', key('x/' .. ids[i]), 'p', progress) end
    if #lines > 0 then append_lines(ids[i], token, first, lines) end
    if progress ~= '' or #lines > 0 then push2(told, 0, ids[i]) end
    answers[i] = s[CANCELLED_BY] ~= '' and 'cancelled' or 'ok'
  end
end
write('ZADD', 'leases', renewed)
if #told > 0 then publish_events({ running = told }, {}) end
return answers
