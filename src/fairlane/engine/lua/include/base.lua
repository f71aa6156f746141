-- base: the clock, key names and variadic writes. Every script starts with it.
-- KEYS prefix
-- ARGV at
-- NEEDS
local call = redis.call
local pack, unpack_value = cmsgpack.pack, cmsgpack.unpack

-- One clock: the store's, unless a test injects its own (microseconds).
local now_us = tonumber(at)
if now_us == nil then
  local time = call('TIME')
  now_us = time[1] * 1000000 + time[2]
end
local now = math.floor(now_us / 1000)

local function key(name)
  return prefix .. name
end

-- Lua's stack holds about 8,000 values: long writes go in even-sized pieces.
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

-- The least score of a sorted set, or the least above `above`; nil if there is none.
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

-- For a list with no nil in it; false stands for one.
local function push_all(list, values)
  local n = #list
  for i = 1, #values do list[n + i] = values[i] end
end

-- Read the same piece of many members: HMGET, ZMSCORE.
local function read(command, name, members)
  local all
  in_pieces(members, function(...)
    local found = call(command, key(name), ...)
    if all then push_all(all, found) else all = found end
  end)
  return all or {}
end

-- As read, for what is often empty: one look tells so, and there is nothing in the answer then.
local function read_any(command, name, members)
  if call('EXISTS', key(name)) == 0 then return {} end
  return read(command, name, members)
end
