#!lua flags=no-writes
-- state_counts: how many jobs of a tenant are in each state.
-- KEYS prefix
-- ARGV at tenant
-- RETURNS the numbers of scheduled, pending, running, completed, failed and cancelled jobs
-- EVENTS
-- NEEDS base constraints unfinished
local function length(state)
  return call('ZCARD', key(state .. '/' .. tenant))
end

local scheduled, runs = length('scheduled'), running(tenant)
local pending = count_unfinished({ tenant })[tenant] - scheduled - runs
return { scheduled, pending, runs, length('completed'), length('failed'), length('cancelled') }
