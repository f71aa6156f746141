-- audit: the log of changes that users make: who changed what, when, from what to what.
-- ARGV author
-- NEEDS base
--   audit       zset AuditEntry (msgpack) by its time (us): changes of limits, queues, workers and tokens
--   audit_work  zset as `audit`: changes of jobs and schedules. Tenants make them too, and so they displace no entry of
--               `audit`.
local AUDIT_KEPT = { audit = 10000, audit_work = 5000 }

-- `before` and `after` are JSON text. Nothing is logged if they are equal, or without an author: a change of every
-- partition is logged in the first one.
local function audit(log, action, targets, before, after)
  if author == '' or before == after then return end
  local at_us = math.floor(now_us)
  for each in pairs(AUDIT_KEPT) do
    at_us = math.max(at_us, (tonumber(call('ZRANGE', key(each), -1, -1, 'WITHSCORES')[2]) or 0) + 1)
  end
  call('ZADD', key(log), string.format('%.0f', at_us), pack(AuditEntry{
    at_us = at_us, author = author, action = action, targets = targets, before = before, after = after,
  }))
  call('ZREMRANGEBYRANK', key(log), 0, -1 - AUDIT_KEPT[log])
end

local function audit_switch(log, action, targets, was_on, is_on)
  audit(log, action, targets, was_on and 'true' or 'false', is_on and 'true' or 'false')
end
