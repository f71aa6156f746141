#!lua flags=allow-oom
-- cancel: cancel a waiting job; ask the worker of a running one to stop.
-- KEYS prefix
-- ARGV at id
-- RETURNS cancelled, cancelling, conflict or not_found
-- EVENTS scheduled>cancelled pending>cancelled
-- include base
-- include job
-- include policy
-- include window
-- include counts
-- include lanes
-- include ending
local record = call('GET', key('j/' .. id))
if not record then return 'not_found' end
local result = call('GET', key('r/' .. id))
if result then return unpack_value(result)[1] == 'cancelled' and 'cancelled' or 'conflict' end

local h = header_of(record)
local packed = call('HGET', key('started'), id)
local s = packed and unpack_value(packed)
if s and s[RUNNING] then
  s[CANCELLED_BY] = 'user'
  call('HSET', key('started'), id, pack(s))
  return 'cancelling'
end
if call('ZREM', key('scheduled'), id) == 0 then remove_from_lane(h.tenant, h.queue, id) end
s = s or { '', false, 0, 0, 0, '', h.tenant }
conclude(id, s, 'cancelled', 'cancelled_by_user', 'cancelled', '')
write_endings()
return 'cancelled'
