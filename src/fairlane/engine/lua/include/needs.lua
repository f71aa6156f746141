-- needs: which jobs wait for which.
-- NEEDS base
--   needing         hash JOB -> Needing (msgpack): the unfinished jobs that have needs
--   open/JOB        set of needs of a waiting job that have not ended, or have ended and not been dealt with. While it
--                   exists, the job is scheduled, due NEVER
--   dependents/JOB  set of unfinished jobs that need JOB, which is kept for them
--   locked/JOB      zset of the dependents that have JOB in `open`, by the time (ms) since when
--   unlocking       zset JOB that has ended and may have locked dependents, by the time (ms) since when
--   dropped/JOB     zset of jobs that were cancelled because JOB failed or was cancelled, by the time (ms)
--   dropped_by      hash JOB -> the need because of which it was cancelled. It is kept while that job exists
--   reviving        zset JOB that was sent back and may have dropped jobs, by the time (ms)

-- Add a job to a sorted set by time, if it is not there.
local function add_by_time(name, id)
  call('ZADD', key(name), 'NX', now, id)
end

-- The first member of a sorted set by time; nil if it is empty.
local function first_by_time(name)
  return call('ZRANGE', key(name), 0, 0)[1]
end

-- Take up to `most` members of a sorted set by time.
local function pop_by_time(name, most)
  local found, ids = call('ZPOPMIN', key(name), most), {}
  for i = 1, #found, 2 do push(ids, found[i]) end
  return ids
end

-- Store what a job needs: the needs that exist, and of these the ones for which it must wait.
local function write_needs(id, packed, needs, open)
  call('HSET', key('needing'), id, packed)
  for _, need in ipairs(needs) do call('SADD', key('dependents/' .. need), id) end
  if #open == 0 then return end
  call('SADD', key('open/' .. id), unpack(open))
  for _, need in ipairs(open) do add_by_time('locked/' .. need, id) end
end

-- The job has ended, or is no longer waiting for its needs.
local function leave_needs(id)
  local packed = call('HGET', key('needing'), id)
  if not packed then return end
  for _, need in ipairs(unpack_value(packed)[Needing.needs]) do
    call('SREM', key('dependents/' .. need), id)
    call('ZREM', key('locked/' .. need), id)
  end
  call('HDEL', key('needing'), id)
  call('DEL', key('open/' .. id))
end

-- Bytes of an Ended that hold its state, after a token and the name of a worker of up to 256 bytes each.
local STATE_END = 600

-- The state in which a job has ended; nil if it has not.
local function ended_state(id)
  local start = call('GETRANGE', key('r/' .. id), 0, STATE_END)
  if start == '' then return nil end
  local _, _, _, _, _, _, state = Ended.unpack(start, 0, 'token', 'attempt', 'base', 'worker', 'claimed_at', 'state')
  return state
end

-- Whether this state of a need ends a job that waits for it.
local function is_dead(state, runs_anyway)
  return state ~= nil and state ~= 'completed' and not runs_anyway
end

-- The needs for which a job must wait: those that have not ended, and dead ones, which `unlock` deals with.
local function open_needs(needs, runs_anyway)
  local open = {}
  for _, need in ipairs(needs) do
    local state = ended_state(need)
    if not state or is_dead(state, runs_anyway) then push(open, need) end
    if is_dead(state, runs_anyway) then add_by_time('unlocking', need) end
  end
  return open
end

-- Whether an unfinished job needs this one.
local function is_needed(id)
  return call('EXISTS', key('dependents/' .. id)) == 1
end
