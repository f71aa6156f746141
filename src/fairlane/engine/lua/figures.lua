#!lua flags=no-writes
-- figures: totals, and how many jobs are in each state.
-- KEYS prefix
-- ARGV at
-- RETURNS now, then submitted, completed, failed, retried, started, wait_ms, ended, run_ms (ever), then scheduled, pending, running, completed, failed and cancelled jobs
-- EVENTS
-- include base
-- include figures
local answers = { now }
push_all(answers, figures())
return answers
