#!lua flags=no-writes
-- long_lanes: the longest ones of some lanes.
-- KEYS prefix
-- ARGV at cursor most
-- RETURNS the cursor for the next call, then tenant and number of pending jobs of up to `most` lanes, the longest first
-- EVENTS
-- NEEDS base
local page = call('ZSCAN', key('lanes'), cursor, 'COUNT', 1000)
local lanes = {}
for i = 1, #page[2], 2 do
  push(lanes, { string.match(page[2][i], '^[^/]+'), call('ZCARD', key('lane/' .. page[2][i])) })
end
table.sort(lanes, function(a, b) return a[2] > b[2] end)
local answers = { page[1] }
for i = 1, math.min(tonumber(most), #lanes) do push2(answers, lanes[i][1], lanes[i][2]) end
return answers
