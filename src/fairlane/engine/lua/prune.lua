#!lua flags=allow-oom
-- prune: forget jobs of one terminal state that ended before a time or exceed a count. To exceed the count alone,
-- a job must have ended spared_ms ago.
-- KEYS prefix
-- ARGV at state max_age_ms max_count spared_ms limit
-- RETURNS forgotten, ms until the oldest one left is due (0: more to do, -1: none left)
-- EVENTS
-- NEEDS base forgetting
limit, max_age_ms = tonumber(limit), tonumber(max_age_ms)
local surplus = max_count ~= '' and call('ZCARD', key(state)) - max_count or 0

local function kept_for()
  return surplus > 0 and math.min(max_age_ms, spared_ms) or max_age_ms
end

local most = surplus > 0 and math.min(surplus, limit) or limit
local ids = call('ZRANGEBYSCORE', key(state), '-inf', now - kept_for(), 'LIMIT', 0, most)
forget(state, ids)
surplus = surplus - #ids
if #ids == limit then return { #ids, 0 } end
local first = first_score(state)
return { #ids, first and math.max(0, first + kept_for() - now) or -1 }
