#!lua flags=allow-oom
-- evict: delete jobs in one terminal state, whatever their tenant keeps: the oldest ones of the tenant that has the
-- most, by a random sample of all jobs in the state. So a flood of one tenant does not push out the jobs of another.
-- Jobs that others need stay, and for some seconds those whose end a caller waits for.
-- KEYS prefix
-- ARGV at state limit
-- RETURNS the number of jobs deleted, ms until the next call (0: more are left; -1: none)
-- EVENTS
-- NEEDS base job kept_for_others delete_jobs
-- If the record is missing (corruption), leave the entry for `doctor`.
local sampled, most, tenant = {}, 0, nil
for _, id in ipairs(call('ZRANDMEMBER', key(state), limit)) do
  local name = names_of(id)
  if name then
    sampled[name] = (sampled[name] or 0) + 1
    if sampled[name] > most then
      most, tenant = sampled[name], name
    end
  end
end
if not tenant then return { 0, -1 } end
local ids = call('ZRANGE', key(state .. '/' .. tenant), 0, limit - 1)
local free = {}
local to_go = without_kept(state, tenant, ids)
local awaited_until = read_any('ZMSCORE', 'awaited', to_go)
for i, id in ipairs(to_go) do
  if tonumber(awaited_until[i] or 0) <= now then push(free, id) end
end
delete_jobs(state, { [tenant] = free })
return { #free, #free > 0 and 0 or -1 }
