#!lua flags=no-writes
-- waiting_jobs: how many jobs of a tenant wait, and how long, in some of its queues.
-- KEYS prefix
-- ARGV at tenant after most
-- RETURNS pending, longest wait (ms; -1: none waits), the queue after which to go on ('': these were the last ones)
-- EVENTS
-- NEEDS waiting_jobs
return { waits_of(tenant, after, tonumber(most)) }
