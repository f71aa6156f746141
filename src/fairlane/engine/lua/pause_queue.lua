#!lua flags=allow-oom
-- pause_queue: stop starting jobs of a queue (paused = 1), or resume it (0). Claims and `promote` do the rest in steps.
-- KEYS prefix
-- ARGV at author queue paused
-- RETURNS name, paused, runnable tenants, pending jobs
-- EVENTS
-- NEEDS base audit idle run_indexes put_back queue_figures
call('ZADD', key('queues_used'), now, queue)
audit_switch('audit', 'queue.pause', { queue }, call('SISMEMBER', key('queues_paused'), queue) == 1, paused == '1')
if paused == '1' then
  call('SADD', key('queues_paused'), queue)
  call('SREM', key('resuming'), queue)
else
  call('SREM', key('queues_paused'), queue)
  if call('EXISTS', key('parked/' .. queue)) == 1 then call('SADD', key('resuming'), queue) end
  put_back_some()
  update_run_indexes()
  wake(queue)
end
return { figures_of(queue) }
