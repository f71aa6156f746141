#!lua flags=allow-oom
-- retry: send a failed job back to its lane with as many attempts as it first had.
-- KEYS prefix
-- ARGV at id
-- RETURNS retried, conflict, key_taken or not_found
-- EVENTS failed>pending
-- include base
-- include job
-- include policy
-- include window
-- include counts
-- include lanes
local record = call('GET', key('j/' .. id))
if not record then return 'not_found' end
local result = call('GET', key('r/' .. id))
if not result then
  local packed = call('HGET', key('started'), id)
  return packed and unpack_value(packed)[REASON] == 'retried' and 'retried' or 'conflict'
end
local r = unpack_value(result)
if r[1] ~= 'failed' then return 'conflict' end

local h = header_of(record)
if h.key ~= '' then
  if call('EXISTS', key('u/' .. h.tenant .. '/' .. h.key)) == 1 then return 'key_taken' end
  call('SET', key('u/' .. h.tenant .. '/' .. h.key), id)
  call('HSET', key('keyed'), id, h.key)
end
local rank = rank_of(h.priority, call('INCR', key('sequence')))
local s = { r[3], false, r[4], r[4], r[7], r[6], h.tenant, h.queue, rank, '', 'retried' }
call('HSET', key('x/' .. id), 'a' .. r[4], pack({ r[4], r[6], r[7], r[8], r[9], r[10] }))
call('HDEL', key('x/' .. id), 'a' .. (r[4] - 20))
call('HSET', key('started'), id, pack(s))
call('DEL', key('r/' .. id))
call('ZREM', key('failed'), id)
count('retried', h.tenant)
add_to_lane(h.tenant, h.queue, rank, id)
write_lanes()
settle()
write_counts()
return 'retried'
