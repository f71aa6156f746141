-- queue_limits: the limits of a queue, over all tenants. A queue with limits stands apart from `heads` (see lanes):
-- workers that serve all queues look at its run index beside that of all queues, while it has room. So a full queue
-- costs the other queues nothing.
-- NEEDS base sliding_window
--   queue_limits   hash QUEUE -> QueueLimits (msgpack), in which 0 means unlimited. A queue without limits is not in it
--   queue_running/QUEUE  set: the running jobs of a queue with limits
--   queue_starts/QUEUE   starts of a queue with a start rate, see sliding_window
--   full_until     zset QUEUE by the time (ms) at which its start rate has room again. A claim or `promote` that finds
--                  this time over removes it
--   new_limits     hash QUEUE whose limits are new -> "leases/CURSOR" while its running jobs are counted, then
--                  "lanes/CURSOR" while its lanes leave `heads`. None of its jobs start meanwhile
local some_limits

local function some_have_limits()
  if some_limits == nil then some_limits = call('EXISTS', key('queue_limits')) == 1 end
  return some_limits
end

-- Returns false for a queue without limits.
local function limits_of(queue)
  local packed = some_have_limits() and call('HGET', key('queue_limits'), queue)
  return packed and unpack_value(packed)
end

-- Returns the limit that a queue has reached, if any, and the time (ms) at which this ends by itself, if it does.
local function limit_reached(queue, limits)
  local most, window = limits[QueueLimits.start_limit], limits[QueueLimits.start_window_us]
  local first = most > 0 and call('LINDEX', key('queue_starts/' .. queue), most - 1)
  if first and first + window > now_us then return 'queue_start_rate', math.ceil((first + window) / 1000) end
  most = limits[QueueLimits.concurrency]
  if most > 0 and call('SCARD', key('queue_running/' .. queue)) >= most then return 'queue_concurrency' end
end

-- How many jobs a queue may start now.
local function room_of(queue, limits)
  local room, most = math.huge, limits[QueueLimits.concurrency]
  if most > 0 then room = most - call('SCARD', key('queue_running/' .. queue)) end
  most = limits[QueueLimits.start_limit]
  if most > 0 then
    room = math.min(room, most - window_used('queue_starts/' .. queue, limits[QueueLimits.start_window_us]))
  end
  return math.max(0, room)
end

local function has_new_limits(queue)
  return call('HEXISTS', key('new_limits'), queue) == 1
end

-- Whether the limits of a queue, if it has any, let another of its jobs start now.
local function has_room(queue)
  local limits = limits_of(queue)
  return not limits or not (has_new_limits(queue) or limit_reached(queue, limits))
end

-- Note when a start rate that has no room now has room again. Returns whether it did.
local function note_full(queue, limits)
  local _, ends = limit_reached(queue, limits)
  if ends then call('ZADD', key('full_until'), ends, queue) end
  return ends ~= nil
end

-- Returns the queues whose start rate has room again.
local function refilled_queues()
  local queues = call('ZRANGEBYSCORE', key('full_until'), '-inf', now)
  write('ZREM', 'full_until', queues)
  return queues
end
