-- expiry: jobs that end as cancelled if they have not started in time.
-- NEEDS base
--   expiring  zset job that has not started yet, by the time (ms) at which it expires

local function stop_expiry(id)
  call('ZREM', key('expiring'), id)
end

-- The jobs are about to start. Returns a set of the places of those that have expired; the others cannot any more.
local function stop_expiries(ids)
  local expired, starting = {}, {}
  for i, expires_at in ipairs(read_any('ZMSCORE', 'expiring', ids)) do
    if expires_at then push(starting, ids[i]) end
    if expires_at and tonumber(expires_at) <= now then expired[i] = true end
  end
  write('ZREM', 'expiring', starting)
  return expired
end
