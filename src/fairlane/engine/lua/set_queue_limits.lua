#!lua flags=allow-oom
-- set_queue_limits: change the limits of a queue. They hold at once; claims and `promote` finish in steps what a store
-- with many leases or lanes needs.
-- KEYS prefix
-- ARGV at author queue before packed limits_before limits_after most
-- RETURNS as pause_queue; 0 if the stored limits differ from `before`, or too_many for limits of a queue beside those
--   of `most` others: then nothing changes
-- EVENTS
-- NEEDS base audit lanes queue_limits new_limits idle run_indexes queue_figures
-- before, packed: QueueLimits (msgpack) or ''; limits_before, limits_after: the same as JSON text, for the audit log
if (call('HGET', key('queue_limits'), queue) or '') ~= before then return 0 end
if before == '' and packed ~= '' and call('HLEN', key('queue_limits')) >= tonumber(most) then return 'too_many' end

-- Its lanes go back to `heads`, unless the queue is paused.
local function lift()
  call('HDEL', key('queue_limits'), queue)
  call('HDEL', key('new_limits'), queue)
  call('UNLINK', key('queue_running/' .. queue))
  if not stands_apart(queue) and call('EXISTS', key('parked/' .. queue)) == 1 then
    call('SADD', key('resuming'), queue)
  end
end

local function begin_new_limits()
  call('SREM', key('resuming'), queue)
  call('HSET', key('new_limits'), queue, 'leases/0')
  apply_new_limits(queue)
  apply_new_limits(queue) -- where there are few leases, this was the lanes' turn
end

local function change()
  call('HSET', key('queue_limits'), queue, packed)
  if before == '' then begin_new_limits() end
  local limits = unpack_value(packed)
  if limits[QueueLimits.start_limit] > 0 then
    local kept_until = math.ceil((now_us + limits[QueueLimits.start_window_us]) / 1000)
    call('ZADD', key('windows'), 'XX', 'GT', kept_until, 'queue_starts/' .. queue)
  end
  note_full(queue, limits)
end

call('ZADD', key('queues_used'), now, queue)
audit('audit', 'queue.limits', { queue }, limits_before, limits_after)
call('ZREM', key('full_until'), queue)
if packed == '' then lift() elseif packed ~= before then change() end
update_run_indexes()
wake_each({ queue })
return { figures_of(queue) }
