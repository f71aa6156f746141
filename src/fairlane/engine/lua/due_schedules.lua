#!lua flags=no-writes
-- due_schedules: which schedules are due.
-- KEYS prefix
-- ARGV at first_ones limit
-- RETURNS ms until the next schedule becomes due (-1: none will), then the members of those that are due
-- first_ones: the number of due schedules to skip
-- EVENTS
-- NEEDS base
local answers = call('ZRANGEBYSCORE', key('schedules_due'), '-inf', now, 'LIMIT', first_ones, limit)
local first = call('ZRANGEBYSCORE', key('schedules_due'), '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
table.insert(answers, 1, first[2] and math.ceil(first[2] - now) or -1)
return answers
