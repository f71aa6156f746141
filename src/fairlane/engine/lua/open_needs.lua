#!lua flags=no-writes
-- open_needs: for which jobs a job waits.
-- KEYS prefix
-- ARGV at id
-- RETURNS the job that holds the others up, because it waits for none ('': the job waits for none), then its open needs
-- EVENTS
-- NEEDS base
local MOST_HOPS = 1000
local function open_needs_of(job)
  local open = call('SMEMBERS', key('open/' .. job))
  table.sort(open)
  return open
end

-- Follow the first open need of each job.
local function holding_up(open)
  local holder
  for _ = 1, MOST_HOPS do
    if not open[1] then break end
    holder = open[1]
    open = open_needs_of(holder)
  end
  return holder
end

local open = open_needs_of(id)
local answers = { holding_up(open) or '' }
push_all(answers, open)
return answers
