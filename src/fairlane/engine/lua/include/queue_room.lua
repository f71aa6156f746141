-- queue_room: how many jobs of queues with limits a claim may start.
-- NEEDS base sliding_window queue_limits
local rooms = {} -- queue with limits that the claim may serve -> how many more of its jobs may start
local limits_read = {} -- the same queues -> QueueLimits
local start_tags = {} -- the same queues -> the highest virtual time in its run index at which one of its jobs starts
local some_got_full = false

-- Returns the run indexes that workers of all queues look at, and the QueueLimits (msgpack) of each or false.
local function indexes_of_all()
  local indexes, limits = { ALL }, { false }
  local found = call('HGETALL', key('queue_limits'))
  for i = 1, #found, 2 do
    push(indexes, found[i])
    push(limits, found[i + 1])
  end
  return indexes, limits
end

-- Find the room of one of the queues that a claim asks for; `some_are_new`: its limits may be new. Returns whether
-- the claim may serve it.
local function open_room(queue, packed, some_are_new)
  if not packed then return true end
  local limits = unpack_value(packed)
  local room = some_are_new and has_new_limits(queue) and 0 or room_of(queue, limits)
  if room == 0 then
    if limits[QueueLimits.start_limit] > 0 and note_full(queue, limits) then some_got_full = true end
    return false
  end
  rooms[queue], limits_read[queue] = room, limits
  return true
end

-- A candidate takes a job. In the run index of a queue with limits, tenants pay for the jobs of this queue alone: other
-- queues of the same workers go on while it is full, and would let tenants pass each other there.
local function use_room(c, queue)
  if not rooms[queue] then return end
  rooms[queue] = rooms[queue] - 1
  start_tags[queue] = math.max(start_tags[queue] or 0, c.times[queue])
  c.times[queue] = c.times[queue] + c.cost
end

local function give_room_back(c, queue)
  if c.times and c.times[queue] then c.times[queue] = c.times[queue] - c.cost end
end

-- Count the jobs that start in queues with limits. Returns whether a start rate has no room now.
local function note_starts_in_queues(turns, ids)
  if not next(rooms) then return end
  local started = {}
  for i, c in ipairs(turns) do
    local queue = c.queue or c.queue_of[ids[i]]
    if rooms[queue] then
      started[queue] = started[queue] or {}
      push(started[queue], ids[i])
    end
  end
  for queue, jobs in pairs(started) do
    local limits = limits_read[queue]
    write('SADD', 'queue_running/' .. queue, jobs)
    if limits[QueueLimits.start_limit] > 0 then
      window_add('queue_starts/' .. queue, limits[QueueLimits.start_window_us], #jobs)
      some_got_full = note_full(queue, limits) or some_got_full
    end
  end
end
