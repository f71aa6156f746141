-- schedules: cron rules of tenants. A member is "TENANT/NAME".
-- NEEDS base
--   schedules        hash MEMBER -> what to run and when (opaque)
--   schedule_names   zset MEMBER, all scores 0
--   schedule_states  hash MEMBER -> state (msgpack), see below
--   schedules_due    zset MEMBER by its next tick (ms): those that are not paused
-- VERSION is higher with each change, also where a schedule is forgotten and made again. LAST_JOBS: those that had not
-- ended when the last was made, then it.
local VERSION, DECLARATION, PAUSED, LAST_RUN, LAST_JOBS, MISSED, SKIPPED = 1, 2, 3, 4, 5, 6, 7

-- nil where there is none, or none that can be read.
local function state_of(member)
  local packed = call('HGET', key('schedule_states'), member)
  local is_read, s = pcall(unpack_value, packed or '')
  return is_read and type(s) == 'table' and s or nil
end

local function write_state(member, s)
  call('HSET', key('schedule_states'), member, pack(s))
end

-- A schedule that was due before stays so, unless `anew`.
local function write_due(member, s, next_tick, anew)
  if s[PAUSED] then
    call('ZREM', key('schedules_due'), member)
  elseif anew then
    call('ZADD', key('schedules_due'), next_tick, member)
  else
    call('ZADD', key('schedules_due'), 'NX', next_tick, member)
  end
end
