#!lua flags=no-writes
-- figures: totals, and how many jobs are in each state.
-- KEYS prefix
-- ARGV at
-- RETURNS now, the totals submitted, completed, failed, retried, started, wait_ms, ended and run_ms, then how many
--   jobs are scheduled, pending, running, completed, failed and cancelled
-- EVENTS
-- NEEDS base figures
local answers = { now }
push_all(answers, figures())
return answers
