#!lua flags=no-writes
-- rank_tenants: a measure of some tenants, by which the API orders them.
-- KEYS prefix
-- ARGV at order stem after most
-- RETURNS the last tenant that was looked at ('': there are no more), then tenant and measure of each whose measure is
--   above 0
-- EVENTS
-- NEEDS base policy constraints unfinished job
-- order: pending, running, failing, oldest or blocked; stem: what the ids begin with; after: the last tenant of the
-- call before, or ''

-- Lanes of a tenant whose next jobs are compared.
local LANES_EACH = 10

local least = after ~= '' and '(' .. after or stem ~= '' and '[' .. stem or '-'
local last = stem ~= '' and '(' .. stem .. '\255' or '+'
local names = call('ZRANGEBYLEX', key('tenants'), least, last, 'LIMIT', 0, most)
local measures = {}

local function measure_pending()
  local unfinished = count_unfinished(names)
  for i, tenant in ipairs(names) do
    local jobs = unfinished[tenant]
    measures[i] = jobs > 0 and jobs - running(tenant) - call('ZCARD', key('scheduled/' .. tenant)) or 0
  end
end

-- How long (ms) the next job of each lane has waited, at most.
local function wait_of(tenant)
  local first = now
  local from, to = '[' .. tenant .. '/', '(' .. tenant .. '0'
  for _, lane in ipairs(call('ZRANGEBYLEX', key('lanes'), from, to, 'LIMIT', 0, LANES_EACH)) do
    local id = call('ZRANGE', key('lane/' .. lane), 0, 0)[1]
    local ready_at = call('HGET', key('ready'), id)
    first = math.min(first, tonumber(ready_at or created_of(call('GETRANGE', key('j/' .. id), 0, HEADER_AT - 1))))
  end
  return now - first
end

local measured = {
  pending = measure_pending,
  running = function()
    for i, tenant in ipairs(names) do measures[i] = running(tenant) end
  end,
  failing = function()
    for i, total in ipairs(read('HMGET', 'count/failed', names)) do measures[i] = tonumber(total or 0) end
  end,
  oldest = function()
    for i, tenant in ipairs(names) do measures[i] = wait_of(tenant) end
  end,
  blocked = function()
    measure_pending()
    load_policies(names)
    local reasons = read('HMGET', 'blocked', names)
    for i, tenant in ipairs(names) do
      measures[i] = (reasons[i] or policy(tenant).paused) and 1 + measures[i] or 0
    end
  end,
}
if #names > 0 then measured[order]() end
local answers = { #names == tonumber(most) and names[#names] or '' }
for i, tenant in ipairs(names) do
  if measures[i] > 0 then push2(answers, tenant, measures[i]) end
end
return answers
