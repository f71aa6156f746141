-- charges: what the tenants pay that start jobs in a claim.
-- NEEDS base policy queue_room fair_queueing

-- Debt not yet offset by another tenant's start carries over to the other run indexes.
local function offset_debts(served, open)
  local names, paid, unpaid = {}, {}, {}
  for i, c in ipairs(served) do names[i] = c.tenant end
  for i, owed in ipairs(read_any('HMGET', 'owed', names)) do
    local c = served[i]
    local left = owed and math.min(owed, c.time - c.taken * c.cost - open.highest) or 0
    if left > 0 then push2(unpaid, c.tenant, left) else push(paid, c.tenant) end
  end
  write('HDEL', 'owed', paid)
  write('HSET', 'owed', unpaid)
end

-- Charge the served tenants in every run index that this claim served, and raise the floors. The virtual times of
-- tenants that leave an index (`leaving`: index -> set of tenants) go to rest.
local function charge_starts(served, open, floor, leaving)
  if by_seconds then offset_debts(served, open) end
  local raised, shifted, leavers, times = {}, {}, {}, {}
  for i, index in ipairs(open.names) do
    if not is_run_index_empty(index) then
      local scores, leaves = { 'XX', 'GT' }, leaving[index] or {}
      local pays_alone = rooms[index] and #open.names > 1
      local its_floor = pays_alone and math.max(start_tags[index] or 0, open.highest) or floor
      for _, c in ipairs(served) do
        if leaves[c.tenant] then
          push(leavers, c.tenant)
          push(times, c.time)
        else
          local time = not pays_alone and c.time or c.times[index]
          if time then push2(scores, time - open.shifts[i], c.tenant) end
        end
      end
      if #scores > 2 then call('ZADD', key('run/' .. index), unpack(scores)) end
      call('ZADD', key('served'), its_floor, index)
      if its_floor > open.floors[i] then push2(raised, index, its_floor) end
      if open.highest > open.floors[i] then push2(shifted, index, open.shifts[i]) end
    end
  end
  rest(leavers, times)
  write('HSET', 'shift', shifted)
  write('HSET', 'floor', raised)
  if floor > highest_floor() then call('SET', key('clock'), floor) end
end
