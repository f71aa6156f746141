#!lua flags=allow-oom
-- extend: a heartbeat. Renews leases; stores when the worker was last seen, what it counted, and the progress and logs
-- of its jobs.
-- KEYS prefix
-- ARGV at worker report counts lease_ms reports most_workers
-- RETURNS 1, or 0 for a new worker beside most_workers others, which is not stored; then for each lease: ok,
--   stale_lease or cancelled
-- EVENTS
-- NEEDS base events logs work
-- reports: msgpack array of Beat
-- report: what the worker says of itself (opaque); '' from a client that is not a worker. See include/workers.lua.
-- counts: msgpack [number, {COUNT: what to add}], see include/work.lua; '' for nothing new
local is_known = 1
if report ~= '' then
  if call('ZADD', key('workers'), now, worker) == 1 and call('ZCARD', key('workers')) > tonumber(most_workers) then
    call('ZREM', key('workers'), worker)
    is_known = 0
  else
    call('HSET', key('worker_info'), worker, report)
    if counts ~= '' then add_work(worker, unpack_value(counts)) end
  end
end
local items = unpack_value(reports)
local ids, answers, renewed, told = {}, { is_known }, {}, {}
for i, item in ipairs(items) do ids[i] = item[Beat.id] end
for i, packed in ipairs(read('HMGET', 'started', ids)) do
  local s = packed and unpack_value(packed)
  if not s or not s[Started.running] or s[Started.token] ~= items[i][Beat.token] then
    push(answers, 'stale_lease')
  else
    push2(renewed, now + lease_ms, ids[i])
    local item = items[i]
    local progress, lines = item[Beat.progress], item[Beat.lines]
    if progress then call('HSET', key('x/' .. ids[i]), 'p', progress) end
    if lines then append_lines(ids[i], item[Beat.token], item[Beat.lines_before], lines) end
    if progress or lines then push2(told, 0, ids[i]) end
    push(answers, s[Started.cancelled_by] ~= '' and 'cancelled' or 'ok')
  end
end
write('ZADD', 'leases', renewed)
if #told > 0 then publish_events({ running = told }, {}) end
return answers
