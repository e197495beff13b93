--[[ The clips' native fields in the media pool ("Shot Type", "Move", "Keywords") and clip colours; as fields.py. ]]

return function(api, console)
  local call = api.call
  local FIELDS = { { "shot_type", "Shot Type" }, { "camera_movement", "Move" } }
  local MEMORY = "otio-shottag "
  local fields = {}

  local function read(pool, method, key)
    local value = call(pool, method, key)
    return type(value) == "string" and value or ""
  end

  local function remember(pool, key, value)
    if read(pool, "GetThirdPartyMetadata", MEMORY .. key) ~= value then
      call(pool, "SetThirdPartyMetadata", MEMORY .. key, value)
    end
  end

  -- Set a field that is empty or ours: "written", "same", "kept" (a person's) or "refused".
  local function write_own(pool, field, value)
    local now = read(pool, "GetMetadata", field)
    if now ~= "" and now ~= read(pool, "GetThirdPartyMetadata", MEMORY .. field) then
      return (now == value or value == "") and "same" or "kept"
    end
    if now == value then return "same" end
    if not call(pool, "SetMetadata", field, value) then return "refused" end
    remember(pool, field, value)
    return "written"
  end

  local function split(text)
    local words, known = {}, {}
    for word in text:gmatch("[^,]+") do
      word = word:match("^%s*(.-)%s*$")
      if word ~= "" then
        words[#words + 1] = word
        known[word] = true
      end
    end
    return words, known
  end

  -- Exchange the keywords that we added last for these; everybody else's stay, in their order.
  local function write_keywords(pool, keywords)
    local now = split(read(pool, "GetMetadata", "Keywords"))
    local _, ours = split(read(pool, "GetThirdPartyMetadata", MEMORY .. "Keywords"))
    local all, new, others = {}, {}, {}
    for _, word in ipairs(now) do
      if not ours[word] then
        all[#all + 1] = word
        others[word] = true
      end
    end
    for _, word in ipairs(keywords) do
      if not others[word] then
        new[#new + 1] = word
        all[#all + 1] = word
      end
    end
    if table.concat(now, ", ") == table.concat(all, ", ") then return "same" end
    if not call(pool, "SetMetadata", "Keywords", table.concat(all, ", ")) then return "refused" end
    remember(pool, "Keywords", table.concat(new, ", "))
    return "written"
  end

  -- Give what more than half of the uses say, and a note where not all do; empty where none does.
  local function agreed(labels, uses)
    local counts = {}
    for _, label in ipairs(labels) do
      counts[label] = (counts[label] or 0) + 1
      if 2 * counts[label] > uses then
        local total = 0
        for _, other in ipairs(labels) do
          total = total + (other == label and 1 or 0)
        end
        return label, total < uses and string.format("%d of %d uses", total, uses) or nil
      end
    end
    return ""
  end

  local function files_of(items)
    local order, uses = {}, {}
    for _, item in ipairs(items) do
      if item.pool_id ~= "" then
        if not uses[item.pool_id] then order[#order + 1] = item end
        uses[item.pool_id] = (uses[item.pool_id] or 0) + 1
      end
    end
    return order, uses
  end

  -- Write the fields of every file that the shots use.
  function fields.write(items, shots, settings)
    local labels, judged = {}, {}
    for _, shot in ipairs(shots) do
      judged[shot.analysis] = true
      local item = not shot.unsure and not shot.nested and api.item_at(items, shot)
      if item and item.pool_id ~= "" then
        local key = item.pool_id .. "\n" .. shot.analysis
        labels[key] = labels[key] or {}
        table.insert(labels[key], shot.label)
      end
    end
    local files, uses = files_of(items)
    local found, notes = { written = {}, same = {}, kept = {}, refused = {} }, {}
    for _, item in ipairs(files) do
      local name = call(item.pool, "GetName") or "a clip"
      for _, pair in ipairs(settings.shot_type_field and FIELDS or {}) do
        local analysis, field = pair[1], pair[2]
        if judged[analysis] then
          local value, note = agreed(labels[item.pool_id .. "\n" .. analysis] or {}, uses[item.pool_id])
          local done = write_own(item.pool, field, value)
          table.insert(found[done], name .. ": " .. field)
          if note and (done == "written" or done == "same") then
            table.insert(notes, string.format("%s: %s %s (%s)", name, field, value, note))
          end
        end
      end
      if settings.keywords then
        local keywords, seen = {}, {}
        for _, label in ipairs(labels[item.pool_id .. "\nshot_type"] or {}) do
          if not seen[label] then keywords[#keywords + 1] = label end
          seen[label] = true
        end
        table.insert(found[write_keywords(item.pool, keywords)], name .. ": Keywords")
      end
    end
    console.say(string.format("  fields written in the media pool: %d", #found.written))
    console.tell(notes, "by the majority of their uses")
    console.tell(found.kept, "left as somebody wrote them")
    console.tell(found.refused, "not accepted by Resolve")
  end

  -- Take back what we wrote into the fields and nobody has changed since; give how many files had some.
  function fields.remove(items)
    local changed = 0
    for _, item in ipairs((files_of(items))) do
      local written = write_keywords(item.pool, {}) == "written"
      for _, pair in ipairs(FIELDS) do
        written = write_own(item.pool, pair[2], "") == "written" or written
      end
      changed = changed + (written and 1 or 0)
    end
    return changed
  end

  local function color_key(item)
    return "Clip Color " .. tostring(call(item.handle, "GetUniqueId") or item.first)
  end

  local function is_own_color(item)
    local now = call(item.handle, "GetClipColor")
    return not now or now == "" or now == read(item.pool, "GetThirdPartyMetadata", MEMORY .. color_key(item))
  end

  -- Give clips the colour of their size, but for those that somebody coloured.
  function fields.color(items, shots, settings)
    local colored, kept = 0, 0
    for _, shot in ipairs(shots) do
      local item = shot.analysis == "shot_type" and not shot.nested and api.item_at(items, shot)
      if item and item.pool then
        local color = settings.clip_color[shot.unsure and "unsure" or shot.label]
        if not is_own_color(item) then
          kept = kept + 1
        elseif call(item.handle, "SetClipColor", color) then
          remember(item.pool, color_key(item), color)
          colored = colored + 1
        end
      end
    end
    console.say(string.format("  %d clips coloured, %d left in the colour somebody gave them.", colored, kept))
  end

  -- Clear the clip colours that we gave and nobody has changed since; give how many.
  function fields.uncolor(items)
    local cleared = 0
    for _, item in ipairs(items) do
      if item.pool and read(item.pool, "GetThirdPartyMetadata", MEMORY .. color_key(item)) ~= "" then
        if is_own_color(item) then
          call(item.handle, "ClearClipColor")
          cleared = cleared + 1
        end
        remember(item.pool, color_key(item), "")
      end
    end
    return cleared
  end

  return fields
end
