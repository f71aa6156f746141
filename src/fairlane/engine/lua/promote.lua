#!lua flags=allow-oom
-- promote: make due jobs pending, unblock tenants and queues whose start rate has room again, put back what a pause or
-- a block has left out, and wake another claim where one was woken and did not come.
-- KEYS prefix
-- ARGV at limit
-- RETURNS moved, ms until the next job, tenant or queue is due (-1: none)
-- EVENTS scheduled>pending
-- NEEDS base job lanes idle queue_limits run_indexes put_back tenant_indexes events
-- If the record is missing (corruption), leave the entry for `doctor`.
local due = call('ZRANGEBYSCORE', key('scheduled'), '-inf', now, 'LIMIT', 0, limit)
local moved, by_tenant = {}, {}

local function move(id, tenant, queue, rank)
  add_to_lane(tenant, queue, rank, id)
  push(moved, id)
  by_tenant[tenant] = by_tenant[tenant] or {}
  push(by_tenant[tenant], id)
end

if #due > 0 then
  local sequence = call('INCRBY', key('sequence'), #due) - #due
  local started = read('HMGET', 'started', due)
  for i, id in ipairs(due) do
    if started[i] then
      local s = unpack_value(started[i])
      move(id, s[Started.tenant_id], s[Started.queue], s[Started.rank])
    else
      local record = call('GET', key('j/' .. id))
      if record then
        local h = header_of(record)
        move(id, h[Header.tenant_id], h[Header.queue], rank_of(h[Header.priority], sequence + i))
      end
    end
  end
  remove_from_indexes('scheduled', by_tenant)
  write_lanes()
end
touch_unblocked(limit)
put_back_some()
update_run_indexes()
wake_each(refilled_queues())
for _, queue in ipairs(call('ZRANGEBYSCORE', key('woken'), '-inf', now, 'LIMIT', 0, limit)) do wake_next(queue) end
if #moved > 0 then publish_events({}, added_to_lanes) end

local next_at = must_put_back() and now or nil
for _, index in ipairs({ 'scheduled', 'blocked_until', 'full_until' }) do
  local first = first_score(index, index == 'scheduled' and #moved < #due and now)
  if first and first < NEVER then next_at = math.min(next_at or math.huge, first) end
end
return { #moved, next_at and math.max(0, next_at - now) or -1 }
