#!lua flags=allow-oom
-- prune: delete jobs in one terminal state that are too old or too many. Jobs that are only too many are kept for at
-- least spared_ms.
-- KEYS prefix
-- ARGV at state max_age_ms max_count spared_ms limit
-- RETURNS the number of jobs deleted, ms until the next one is due (0: more are due now; -1: none is left)
-- EVENTS
-- NEEDS base job delete_jobs
limit, max_age_ms = tonumber(limit), tonumber(max_age_ms)
local surplus = max_count ~= '' and call('ZCARD', key(state)) - max_count or 0

local function kept_for()
  return surplus > 0 and math.min(max_age_ms, spared_ms) or max_age_ms
end

local most = surplus > 0 and math.min(surplus, limit) or limit
local ids = call('ZRANGEBYSCORE', key(state), '-inf', now - kept_for(), 'LIMIT', 0, most)
local by_tenant = {}
for _, id in ipairs(ids) do
  local tenant = names_of(id)
  if tenant then
    by_tenant[tenant] = by_tenant[tenant] or {}
    push(by_tenant[tenant], id)
  end
end
delete_jobs(state, by_tenant)
surplus = surplus - #ids
if #ids == limit then return { #ids, 0 } end
local first = first_score(state)
return { #ids, first and math.max(0, first + kept_for() - now) or -1 }
