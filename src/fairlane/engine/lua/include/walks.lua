-- walks: go through the jobs of a listing from a place on. A place is {text, number, job}; a listing is in this order.
-- NEEDS base job creation_order
-- Each walk is a function that returns its next place, or nil at the end. Some places have no job; {} is a job that was
-- deleted.
local CHUNK = 100

-- fetch: returns the next places in order, {} at the end.
local function walk(fetch)
  local places, i = {}, 0
  return function()
    i = i + 1
    if i > #places then
      places, i = fetch(), 1
    end
    return places[i]
  end
end

local function number_text(number)
  return string.format('%.17g', number)
end

-- How many members of a sorted set come before a member of this score; with it, if `included`.
local function count_before(name, score, member, included)
  local s = number_text(score)
  local low = call('ZCOUNT', key(name), '-inf', '(' .. s)
  local high = low + call('ZCOUNT', key(name), s, s)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local found = call('ZRANGE', key(name), middle, middle)[1]
    if found < member or (included and found == member) then low = middle + 1 else high = middle end
  end
  return low
end

-- A sorted set, in the order of the scores or against it.
local function walk_scores(name, text, newest_first, after)
  local first = 0
  if after and newest_first then
    first = call('ZCARD', key(name)) - count_before(name, after[2], after[3], false)
  elseif after then
    first = count_before(name, after[2], after[3], true)
  end
  return walk(function()
    local command = newest_first and 'ZREVRANGE' or 'ZRANGE'
    local found, places = call(command, key(name), first, first + CHUNK - 1, 'WITHSCORES'), {}
    for i = 1, #found, 2 do push(places, { text, tonumber(found[i + 1]), found[i] }) end
    first = first + CHUNK
    return places
  end)
end

-- A sorted set of which all scores are 0: the members after `after` that begin with `start`. Returns {text, 0, job}.
local function walk_names(name, start, after)
  local first = after and '(' .. after or start ~= '' and '[' .. start or '-'
  return walk(function()
    local last = start ~= '' and '(' .. start .. '\255' or '+'
    local found, places = call('ZRANGEBYLEX', key(name), first, last, 'LIMIT', 0, CHUNK), {}
    for i, member in ipairs(found) do places[i] = { member, 0, string.match(member, '[^/]*$') } end
    if #found > 0 then first = '(' .. found[#found] end
    return places
  end)
end

-- The lanes of a tenant, or all, and of a queue, or all. Within a lane, jobs go in the order in which they start.
local function walk_lanes(tenant, queue, after)
  local start = tenant == '' and '' or queue == '' and tenant .. '/' or tenant .. '/' .. queue
  local lanes = walk_names('lanes', start, after and after[1])
  local jobs = after and after[3] ~= '' and walk_scores('lane/' .. after[1], after[1], false, after)
  return function()
    while true do
      local place = jobs and jobs()
      if place then return place end
      local lane = lanes()
      if not lane then return nil end
      jobs = nil
      if queue ~= '' and lane[3] ~= queue then return { lane[1], 0, '' } end
      jobs = walk_scores('lane/' .. lane[1], lane[1], false)
    end
  end
end

-- Both parts of a creation order as one list. Returns its length and a function that reads a range.
local function order_of(tenant)
  local old, new = key('swept/' .. tenant), key('made/' .. tenant)
  local old_length = call('LLEN', old)
  local function range(first, last)
    local places = first < old_length and call('LRANGE', old, first, math.min(last, old_length - 1)) or {}
    if last >= old_length then
      push_all(places, call('LRANGE', new, math.max(0, first - old_length), last - old_length))
    end
    return places
  end
  return old_length + call('LLEN', new), range
end

-- The last time that is noted at or before an index of a creation order; 0 if there is none.
local function time_before(range, index)
  while index >= 0 do
    local places = range(math.max(0, index - TIME_EVERY + 1), index)
    for i = #places, 1, -1 do
      if #places[i] == 8 then return (struct.unpack('>d', places[i])) end
    end
    index = index - TIME_EVERY
  end
  return 0
end

-- The jobs that were created before `time`, from the newest.
local function walk_order(tenant, time)
  local length, range = order_of(tenant)
  local low, high = 0, length
  while time and low < high do -- the first index whose time is no lower
    local middle = math.floor((low + high) / 2)
    if time_before(range, middle) < time then low = middle + 1 else high = middle end
  end
  local last = high - 1
  local found = walk(function()
    local places, reversed = {}, {}
    if last >= 0 then places = range(math.max(0, last - CHUNK + 1), last) end
    for i = #places, 1, -1 do push(reversed, places[i]) end
    last = last - CHUNK
    return reversed
  end)
  return function()
    local place = found()
    if not place then return nil end
    local id = #place == 12 and id_at(place) or ''
    local created
    if id == '' then
      created = struct.unpack('>d', place) + TICK / 2 -- just after the job before it
    else
      local record = call('GETRANGE', key('j/' .. id), 0, HEADER_AT - 1)
      if record == '' then return {} end
      created = struct.unpack('>d', record)
    end
    if time and created >= time then return {} end -- before the first one, or a job whose id was used before
    time = created
    return { '', created, id }
  end
end
