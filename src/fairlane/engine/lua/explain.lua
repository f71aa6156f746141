#!lua flags=no-writes
-- explain: why a job waits.
-- KEYS prefix
-- ARGV at id tenant queue
-- RETURNS place in its lane (-1: not in it), blocked by, blocked until (ms), queue paused, running, concurrency,
--   how many tenants come before its tenant, for workers that serve all queues and for those that name its queue, the
--   limit that its queue has reached or '', until (ms) or '', QueueLimits (msgpack) or ''
-- EVENTS
-- NEEDS base policy constraints queue_limits
load_policies({ tenant })
local limits = limits_of(queue)
local reached, ends
if limits then reached, ends = limit_reached(queue, limits) end
local place = call('ZRANK', key('lane/' .. tenant .. '/' .. queue), id)
return {
  place or -1,
  call('HGET', key('blocked'), tenant) or '',
  call('ZSCORE', key('blocked_until'), tenant) or '',
  call('SISMEMBER', key('queues_paused'), queue),
  running(tenant),
  policy(tenant).concurrency,
  { call('ZRANK', key('run/' .. ALL), tenant) or 0, call('ZRANK', key('run/' .. queue), tenant) or 0 },
  reached or '',
  ends or '',
  limits and pack(limits) or '',
}
