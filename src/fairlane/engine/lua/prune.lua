#!lua flags=allow-oom
-- prune: delete ended jobs that are older, or more, than their tenant keeps, except those that others need. Jobs that
-- are only too many are kept for at least spared_ms. Delete batches that are due.
-- KEYS prefix
-- ARGV at spared_ms limit
-- RETURNS the number of jobs deleted, ms until the next one is due (0: more are due now; -1: none is left)
-- EVENTS
-- NEEDS base policy tenant_indexes kept_for_others delete_jobs batches
limit, spared_ms = tonumber(limit), tonumber(spared_ms)
local deleted = 0

-- Prune one index, named STATE/TENANT. Returns when (ms) to do so again, nil if it is empty.
local function prune(name, state, tenant)
  local keep_ms, most = kept(state, tenant)
  local surplus = call('ZCARD', key(name)) - most
  local room = limit - deleted
  local function kept_for() return surplus > 0 and math.min(keep_ms, spared_ms) or keep_ms end
  local first_ones = surplus > 0 and math.min(surplus, room) or room
  local ids = call('ZRANGEBYSCORE', key(name), '-inf', now - kept_for(), 'LIMIT', 0, first_ones)
  local free = without_kept(state, tenant, ids)
  delete_jobs(state, { [tenant] = free })
  deleted, surplus = deleted + #free, surplus - #free
  if #ids == room then return now end
  local first = first_score(name)
  return first and math.max(now, first + kept_for())
end

-- Some have nothing to delete, because their jobs were deleted or retried. A call goes on to the next ones.
local LOOKED_AT = 50
local due = call('ZRANGEBYSCORE', key('prunable'), '-inf', now, 'LIMIT', 0, math.max(limit, LOOKED_AT))
local tenants, later, empty = {}, {}, {}
for i, name in ipairs(due) do tenants[i] = string.match(name, '/(.*)$') end
load_policies(tenants)
for i, name in ipairs(due) do
  if deleted < limit then
    local again = prune(name, string.match(name, '^[^/]*'), tenants[i])
    if again then push2(later, again, name) else push(empty, name) end
  end
end
write('ZADD', 'prunable', later)
write('ZREM', 'prunable', empty)
local MOST_BATCHES = 10
for _, batch in ipairs(call('ZRANGEBYSCORE', key('batches_due'), '-inf', now, 'LIMIT', 0, MOST_BATCHES)) do
  delete_batch(batch)
end
local first = first_score('prunable')
return { deleted, first and math.max(0, first - now) or -1 }
