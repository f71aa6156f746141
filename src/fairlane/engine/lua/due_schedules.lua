#!lua flags=no-writes
-- due_schedules: which schedules are due, but for the first ones.
-- KEYS prefix
-- ARGV at first_ones limit
-- RETURNS time until the next is due (ms, -1 for none), then the names of those that are
-- EVENTS
-- NEEDS base
local answers = call('ZRANGEBYSCORE', key('schedules_due'), '-inf', now, 'LIMIT', first_ones, limit)
local first = call('ZRANGEBYSCORE', key('schedules_due'), '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
table.insert(answers, 1, first[2] and math.ceil(first[2] - now) or -1)
return answers
