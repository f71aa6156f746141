-- sliding_window: rate limits by a sliding window log. A list holds the time (us) of each event of the last window,
-- newest first, and an event is allowed while the list is shorter than the limit. No window of this length ever holds
-- more events than the limit; GCRA, token buckets and fixed windows let through up to twice as many around an edge.
-- NEEDS base
--   rate/TENANT    submissions
--   starts/TENANT  starts; those of a queue are in queue_starts/QUEUE
--   windows        zset of the names of these lists by the time (ms) from which on each is empty. No key expires by
--                  itself: the store would delete it early when its clock is set forward.

-- The number of events in the window that ends now. Deletes older ones, by binary search.
local function window_used(name, window)
  local k = key(name)
  local length = call('LLEN', k)
  if length == 0 then return 0 end
  local cutoff = now_us - window
  if tonumber(call('LINDEX', k, -1)) > cutoff then return length end
  local low, high = 0, length - 1 -- the first index that is too old lies in low..high
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(call('LINDEX', k, middle)) > cutoff then low = middle + 1 else high = middle end
  end
  if low == 0 then
    call('DEL', k)
  else
    call('LTRIM', k, 0, low - 1)
  end
  return low
end

-- When (us) a full window has room for one more event.
local function window_opens(name, window, limit)
  return tonumber(call('LINDEX', key(name), limit - 1)) + window
end

local function window_add(name, window, events)
  local times = {}
  local stamp = string.format('%.0f', now_us)
  for i = 1, events do times[i] = stamp end
  write('LPUSH', name, times)
  call('ZADD', key('windows'), math.ceil((now_us + window) / 1000), name)
end
