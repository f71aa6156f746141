#!lua flags=allow-oom
-- prune: forget jobs of one terminal state that ended before a time or exceed a count.
-- KEYS prefix
-- ARGV at state max_age_ms max_count limit
-- RETURNS forgotten, ms until the oldest one left is due (0: more to do, -1: none left)
-- EVENTS
-- include base
-- include forgetting
local function oldest(count)
  return call('ZRANGE', key(state), 0, count - 1)
end

local surplus = max_count ~= '' and call('ZCARD', key(state)) - max_count or 0
local ids
if surplus > 0 then
  ids = oldest(math.min(surplus, tonumber(limit)))
else
  ids = call('ZRANGEBYSCORE', key(state), '-inf', now - max_age_ms, 'LIMIT', 0, limit)
end
forget(state, ids)
local first = first_score(state)
if #ids == tonumber(limit) then return { #ids, 0 } end
return { #ids, first and math.max(0, first + max_age_ms - now) or -1 }
