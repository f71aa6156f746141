-- expired_turns: a claim meets jobs that have expired before upkeep has cancelled them.
-- NEEDS base expiry job_ends queue_room tenant_indexes events

-- End the jobs that have expired, and take their turns back. Returns the other turns; compacts the lists of their jobs.
local function end_expired(turns, ids, keys, ranks)
  local expired = stop_expiries(ids)
  if not next(expired) then return turns end
  local kept, popped = {}, #ids
  for i, c in ipairs(turns) do
    if expired[i] then
      local queue = c.queue or c.queue_of[ids[i]]
      c.taken, c.time = c.taken - 1, c.time - c.cost
      give_room_back(c, queue)
      conclude(ids[i], never_started(c.tenant, queue), 'cancelled', 'expired', 'cancelled', '')
    else
      local n = #kept + 1
      kept[n], ids[n], keys[n], ranks[n] = c, ids[i], keys[i], ranks[i]
    end
  end
  for i = #kept + 1, popped do ids[i], keys[i], ranks[i] = nil, nil, nil end
  write('HDEL', 'ready', ends.jobs)
  write_job_ends()
  write_tenant_indexes()
  publish_events({ cancelled = ends.cancelled }, {})
  return kept
end
