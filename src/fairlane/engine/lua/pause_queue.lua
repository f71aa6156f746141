#!lua flags=allow-oom
-- pause_queue: stop starting jobs of a queue (paused = 1), or resume it (0). Claims and `promote` do the rest in steps.
-- KEYS prefix
-- ARGV at author queue paused most
-- RETURNS name, paused, runnable tenants, pending jobs, QueueLimits (msgpack) or '', running jobs (-1: not counted),
--   the limit that it has reached or ''. If `most` other queues are paused, the queue stays as it is
-- EVENTS
-- NEEDS base audit idle lanes run_indexes put_back queue_figures
local was_paused = call('SISMEMBER', key('queues_paused'), queue) == 1
if paused == '1' and not was_paused and call('SCARD', key('queues_paused')) >= tonumber(most) then
  return { figures_of(queue) }
end
call('ZADD', key('queues_used'), now, queue)
audit_switch('audit', 'queue.pause', { queue }, was_paused, paused == '1')
if paused == '1' then
  call('SADD', key('queues_paused'), queue)
  call('SREM', key('resuming'), queue)
else
  call('SREM', key('queues_paused'), queue)
  if not stands_apart(queue) and call('EXISTS', key('parked/' .. queue)) == 1 then
    call('SADD', key('resuming'), queue)
  end
  put_back_some()
  update_run_indexes()
  wake_each({ queue })
end
return { figures_of(queue) }
