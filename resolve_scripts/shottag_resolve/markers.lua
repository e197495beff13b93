--[[ One marker a shot, on the timeline or on its clips; as markers.py. ]]

return function(api, console)
  local call = api.call
  local OURS = "otio-shottag:shot_type:"
  local markers = {}

  local function ours(thing)
    local found = {}
    for _, marker in pairs(call(thing, "GetMarkers") or {}) do
      local data = tostring(marker.customData or "")
      if data:sub(1, #OURS) == OURS then found[#found + 1] = data end
    end
    return found
  end

  local function remove_from(thing)
    local gone, left = 0, ours(thing)
    while #left > 0 do
      -- Resolve deletes only the first marker that has this custom data: once for each, then look again.
      for _, data in ipairs(left) do
        call(thing, "DeleteMarkerByCustomData", data)
      end
      local remaining = ours(thing)
      if #remaining >= #left then break end
      gone = gone + #left - #remaining
      left = remaining
    end
    return gone, #left
  end

  -- Take our markers off the timeline and its clips; give how many went, and how many would not.
  function markers.remove(timeline, items)
    local gone, left = remove_from(timeline)
    for _, item in ipairs(items) do
      local more_gone, more_left = remove_from(item.handle)
      gone, left = gone + more_gone, left + more_left
    end
    return gone, left
  end

  -- Give the object that takes a shot's marker, and the first and end of the frames it may stand on.
  local function place(timeline, items, shot, where)
    if where == "timeline" then return timeline, shot.first, shot.last_end end
    local item = api.item_at(items, shot)
    local left = item and call(item.handle, "GetLeftOffset")
    if not left then return nil end
    local first = left + shot.first - item.first
    return item.handle, first, first + math.min(shot.last_end, item.last_end) - shot.first
  end

  local function add(thing, first, last_end, shot, color, taken)
    local key = call(thing, "GetUniqueId") or thing
    if not taken[key] then
      taken[key] = {}
      for frame in pairs(call(thing, "GetMarkers") or {}) do
        taken[key][tonumber(frame)] = true
      end
    end
    local refused = 0
    for frame = first, last_end - 1 do
      if not taken[key][frame] then
        taken[key][frame] = true
        if call(thing, "AddMarker", frame, color, shot.marker, shot.note, 1, OURS .. "1") then return frame end
        refused = refused + 1
        if refused == 3 then return nil end -- not an occupied frame, but something that Resolve refuses altogether
      end
    end
  end

  -- Put a marker on each shot; give how many. Says which could not stand on their first frame.
  function markers.add(timeline, items, shots, settings)
    local placed, moved, lost, taken = 0, {}, {}, {}
    for _, shot in ipairs(shots) do
      local thing, first, last_end = place(timeline, items, shot, settings.markers)
      local color = settings.marker_color[shot.unsure and "unsure" or shot.label]
      local frame = thing and add(thing, first, last_end, shot, color, taken)
      local where = string.format("%s (%s on %s, frame %d)", shot.marker, shot.name, shot.track, shot.first)
      if frame then placed = placed + 1 end
      if not frame then
        lost[#lost + 1] = where
      elseif frame ~= first then
        moved[#moved + 1] = string.format("%s, %d later", where, frame - first)
      end
    end
    console.tell(moved, "moved to the next free frame, because a marker stands on its first")
    console.tell(lost, "not marked: no frame of theirs is free, or Resolve has no clip there")
    return placed
  end

  return markers
end
