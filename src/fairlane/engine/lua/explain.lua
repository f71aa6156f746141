#!lua flags=no-writes
-- explain: the look-ups that tell why a job waits.
-- KEYS prefix
-- ARGV at id tenant queue
-- RETURNS now, place in its lane (-1: not in it), blocked by, blocked until (ms), queue paused, running, concurrency, due at
-- EVENTS
-- include base
-- include policy
-- include window
-- include lanes
local place = call('ZRANK', key('lane/' .. tenant .. '/' .. queue), id)
return {
  now,
  place or -1,
  call('HGET', key('blocked'), tenant) or '',
  call('ZSCORE', key('blocked_until'), tenant) or '',
  call('SISMEMBER', key('queues_paused'), queue),
  running(tenant),
  policy(tenant).concurrency,
  call('ZSCORE', key('scheduled'), id) or '',
}
