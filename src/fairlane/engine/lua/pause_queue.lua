#!lua flags=allow-oom
-- pause_queue: stop starting jobs of a queue (paused = 1), or resume it (0).
-- KEYS prefix
-- ARGV at queue paused
-- RETURNS 1
-- EVENTS
-- NEEDS base idle
call('ZADD', key('queues_used'), now, queue)
if paused == '1' then
  call('SADD', key('queues_paused'), queue)
else
  call('SREM', key('queues_paused'), queue)
  wake(queue)
end
return 1
