-- schedules: cron rules of tenants. A member is "TENANT/NAME".
-- NEEDS base
--   schedules        hash MEMBER -> what to run and when (opaque)
--   schedule_names   zset MEMBER, all scores 0
--   schedule_states  hash MEMBER -> ScheduleState (msgpack)
--   schedules_due    zset MEMBER by its next tick (ms); without paused schedules
-- `version` rises with each change, even if the schedule is deleted and created again in between. `last_jobs`: the last
-- job created, after those that were unfinished at the time.

-- Returns nil if there is no state or it cannot be read.
local function state_of(member)
  local packed = call('HGET', key('schedule_states'), member)
  local is_read, s = pcall(unpack_value, packed or '')
  return is_read and type(s) == 'table' and s or nil
end

local function write_state(member, s)
  call('HSET', key('schedule_states'), member, pack(s))
end

-- A schedule that is due already keeps its tick unless `replace` is true.
local function write_due(member, s, next_tick, replace)
  if s[ScheduleState.paused] then
    call('ZREM', key('schedules_due'), member)
  elseif replace then
    call('ZADD', key('schedules_due'), next_tick, member)
  else
    call('ZADD', key('schedules_due'), 'NX', next_tick, member)
  end
end
