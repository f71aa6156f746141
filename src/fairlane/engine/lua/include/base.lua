-- base: the clock, key names, and reads and writes of many members at once.
-- KEYS prefix
-- ARGV at
-- NEEDS
local call = redis.call
local pack, unpack_value = cmsgpack.pack, cmsgpack.unpack

-- Time is the store's clock (us; tests pass their own as `at`) plus an offset that undoes its steps. A script that may
-- write refuses to run if the clock may have been set: the caller confirms the time and calls again (steady_clock.py).
--   time  two doubles: how far this time is ahead of the store's clock (us), the store's time (us) when a process last
--         confirmed that
--   replicated  empty; written together with each submission that waits for replicas (calls.py), since WAIT covers only
--         what its own connection wrote, and a repeated submission writes nothing
local MAX_UNCONFIRMED_US = 2000000
local now_us = tonumber(at)
if now_us == nil then
  local time = call('TIME')
  now_us = time[1] * 1000000 + time[2]
end
local kept_time = call('GET', prefix .. 'time')
local ahead_us, confirmed_us = 0, 0
if kept_time then ahead_us, confirmed_us = struct.unpack('>dd', kept_time) end
if may_write and math.abs(now_us - confirmed_us) > MAX_UNCONFIRMED_US then
  return redis.error_reply('FLTIME the time of the store is not confirmed')
end
now_us = now_us + ahead_us
local now = math.floor(now_us / 1000)

-- Stands for all queues where a queue is named. No queue can have this name.
local ALL = '*'

local function key(name)
  return prefix .. name
end

-- Lua's stack holds about 8,000 values, so a longer list goes in pieces. The size is even: pairs stay together.
local PIECE = 4000
local function in_pieces(args, send)
  for first = 1, #args, PIECE do send(unpack(args, first, math.min(first + PIECE - 1, #args))) end
end

-- Returns the sum of the replies.
local function write(command, name, args)
  local sum = 0
  in_pieces(args, function(...) sum = sum + call(command, key(name), ...) end)
  return sum
end

local function write_keys(command, args)
  in_pieces(args, function(...) call(command, ...) end)
end

-- The lowest score of a sorted set, or the lowest above `above`; nil if no member has one.
local function first_score(name, above)
  local least = above and '(' .. string.format('%.0f', above) or '-inf'
  return tonumber(call('ZRANGEBYSCORE', key(name), least, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2])
end

local function push(list, value)
  list[#list + 1] = value
end

local function push2(list, first, second)
  local n = #list
  list[n + 1] = first
  list[n + 2] = second
end

-- `values` must not contain nil; use false.
local function push_all(list, values)
  local n = #list
  for i = 1, #values do list[n + i] = values[i] end
end

-- Read one value of each member, with HMGET or ZMSCORE.
local function read(command, name, members)
  local all
  in_pieces(members, function(...)
    local found = call(command, key(name), ...)
    if all then push_all(all, found) else all = found end
  end)
  return all or {}
end

-- Like read, but returns an empty list if the key does not exist. Cheaper where that is the usual case.
local function read_any(command, name, members)
  if call('EXISTS', key(name)) == 0 then return {} end
  return read(command, name, members)
end
