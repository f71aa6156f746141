-- creation_order: all jobs, and those of each tenant, in the order in which they were created.
-- KEYS prefix
-- NEEDS base job
--   made/TENANT   list of jobs, the oldest first, after those of swept/TENANT; made/ is for all tenants. A job has
--                 12 bytes: its id in binary, without the partition. Some places of 8 bytes hold the time (ms) when the
--                 job before them was created
--   swept/TENANT  the first part of the same list, through which the present sweep has been
--   created       the time (ms) at which the last job was created; it differs for each job
-- A sorted set would take five times the memory of a list. A list keeps the place of a deleted job until a sweep comes
-- to it: each deletion sweeps two places, so at most about two thirds of the places belong to deleted jobs.
local PARTITION = string.format('%02x', string.match(prefix, '{(%d+)}'))
-- Jobs of one millisecond get different times, so that a time names a place. A double keeps half a tick.
local TICK = 1 / 2048
-- Places between two times.
local TIME_EVERY = 64
local SWEPT_AT_ONCE = 1000

local made = { [''] = {} } -- TENANT or '' -> {place, ...}

local function add_place(places, place, time)
  local n = #places + 1
  places[n] = place
  if n % TIME_EVERY == 0 then places[n + 1] = struct.pack('>d', time) end
end

local function add_to_order(tenant, place, time)
  add_place(made[''], place, time)
  local places = made[tenant]
  if places then add_place(places, place, time) else made[tenant] = { place } end
end

local function id_at(place)
  return PARTITION .. string.format('%08x%08x%08x', struct.unpack('>I4I4I4', place))
end

-- Returns whether the time of the last place should follow.
local function append(name, places)
  if #places == 0 then return false end
  local length = call('RPUSH', key(name), unpack(places))
  return length % TIME_EVERY < #places
end

local function append_time(name, time)
  call('RPUSH', key(name), struct.pack('>d', time))
end

-- time: when the last of the new jobs was created.
local function write_order(time)
  for tenant, places in pairs(made) do
    if append('made/' .. tenant, places) then append_time('made/' .. tenant, time) end
  end
end

-- The places of jobs that exist, and the last of these jobs.
local function without_deleted(places)
  local kept, last = {}, nil
  for _, place in ipairs(places) do
    local name = #place == 12 and key('j/' .. id_at(place))
    if name and call('EXISTS', name) == 1 then
      push(kept, place)
      last = name
    end
  end
  return kept, last
end

-- Take the next places to sweep.
local function next_places(name, most)
  local places = call('LPOP', key('made/' .. name), most)
  if places or call('EXISTS', key('swept/' .. name)) == 0 then return places or {} end
  call('RENAME', key('swept/' .. name), key('made/' .. name)) -- begin the next sweep
  return call('LPOP', key('made/' .. name), most)
end

local function sweep_order(tenant, most)
  while most > 0 do
    local places = next_places(tenant, math.min(most, SWEPT_AT_ONCE))
    if #places == 0 then return end
    local kept, last = without_deleted(places)
    if append('swept/' .. tenant, kept) then
      append_time('swept/' .. tenant, (struct.unpack('>d', call('GETRANGE', last, 0, HEADER_AT - 1))))
    end
    most = most - #places
  end
end
