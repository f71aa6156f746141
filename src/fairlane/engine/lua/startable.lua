#!lua flags=no-writes
-- startable: how many jobs of a queue could start now, over some of its tenants.
-- KEYS prefix
-- ARGV at queue first most
-- RETURNS jobs that could start, the tenants looked at, pending jobs of the whole queue, the most of its jobs that
--   could start as far as its pause and its limits go (-1: any number)
-- EVENTS
-- NEEDS base policy startable
-- first: the place, in the order of turns, of the first tenant to look at.
local pending = tonumber(call('HGET', key('depths'), queue) or 0)
if call('SISMEMBER', key('queues_paused'), queue) == 1 then return { 0, 0, pending, 0 } end
local most_of_queue = room_to_start(queue)
if most_of_queue == 0 then return { 0, 0, pending, 0 } end
local tenants, seen = startable_tenants(queue, tonumber(first), first + most - 1)
load_policies(tenants)
local jobs = 0
for _, tenant in ipairs(tenants) do jobs = jobs + jobs_to_start(tenant, queue) end
return { jobs, seen, pending, most_of_queue }
