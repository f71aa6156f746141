#!lua
-- fire: create the jobs of a schedule that is due, and set its next tick. A second caller gets `not_due`.
-- KEYS prefix
-- ARGV at author tenant schedule version tick following missed overlap jobs records...
-- RETURNS fired, not_due, or id_taken: another request has one of the ids, and nothing was done
-- EVENTS none>pending
-- NEEDS base job new_jobs schedules audit
-- tick: the tick that the caller found due; '' to run on demand, which ignores version, following, missed and overlap
-- author: of a run on demand, for the audit log; else ''
-- following: the next tick; missed: the number of ticks skipped; overlap: 'skip' if runs must not overlap
-- jobs: msgpack array of Ticked
local member = tenant .. '/' .. schedule
local s = state_of(member)
if not s then return 'not_due' end
if tick ~= '' then
  local due = call('ZSCORE', key('schedules_due'), member)
  local is_due = due and tonumber(due) == tonumber(tick)
  if string.format('%.0f', s[ScheduleState.version]) ~= version or not is_due then return 'not_due' end
end

-- Runs that may overlap, or were started on demand, can be unfinished together. Only the last ones are remembered.
local MOST = 100
local unfinished = {}
for i = math.max(1, #s[ScheduleState.last_jobs] - MOST + 1), #s[ScheduleState.last_jobs] do
  local id = s[ScheduleState.last_jobs][i]
  if call('EXISTS', key('j/' .. id)) == 1 and call('EXISTS', key('r/' .. id)) == 0 then push(unfinished, id) end
end

local is_there = {}
for i, job in ipairs(unpack_value(jobs)) do
  local earlier = request_of(call('GET', key('j/' .. job[Ticked.id])))
  if earlier and not is_same_request(earlier, records[i]) then return 'id_taken' end
  is_there[i] = earlier
end

local skips = tick ~= '' and overlap == 'skip'
for i, job in ipairs(unpack_value(jobs)) do
  if not is_there[i] then
    if skips and #unfinished > 0 then
      s[ScheduleState.skipped] = s[ScheduleState.skipped] + 1
    else
      local id, queue = job[Ticked.id], job[Ticked.queue]
      create_job(id, key('j/' .. id), job[Ticked.place], tenant, queue, job[Ticked.priority], now, records[i], 0)
      if tick == '' then audit('audit_work', 'schedule.run', { member }, 'null', '"' .. id .. '"') end
      push(unfinished, id)
      s[ScheduleState.last_jobs], s[ScheduleState.last_run] = unfinished, job[Ticked.tick]
    end
  end
end
if tick ~= '' then
  s[ScheduleState.missed] = s[ScheduleState.missed] + missed
  call('ZADD', key('schedules_due'), following, member)
end
write_state(member, s)
if #new_jobs.records > 0 then write_new_jobs() end
return 'fired'
