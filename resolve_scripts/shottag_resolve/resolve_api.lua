--[[ What is known of Resolve's scripting API, for Lua; resolve_api.py says more, and is the one to read.

Frames count from the timeline's first, which is 0. A failure is an error with a table {sentence = ...}. ]]

local api = {
  MARKER_COLORS = "Blue Cyan Green Yellow Red Pink Purple Fuchsia Rose Lavender Sky Mint Lemon Sand Cocoa Cream",
  CLIP_COLORS = "Orange Apricot Yellow Lime Olive Green Teal Navy Blue Purple Violet Pink Tan Beige Brown Chocolate",
}

function api.fail(sentence)
  error({ sentence = sentence }, 0)
end

-- Call a method where this Resolve has it, else give nil.
function api.call(thing, method, ...)
  local found = thing and thing[method]
  if found then return found(thing, ...) end
end

local call = api.call

function api.current_timeline(resolve)
  if not resolve then api.fail("Resolve did not start this; start it from Workspace > Scripts in Resolve.") end
  local project = call(call(resolve, "GetProjectManager"), "GetCurrentProject")
  if not project then api.fail("no project is open; open one, then its timeline, and start this again.") end
  local timeline = call(project, "GetCurrentTimeline")
  if not timeline then
    api.fail("no timeline is open; double-click one in the media pool and start this again.")
  end
  return timeline
end

function api.export_otio(resolve, timeline, path)
  local kind, subtype = resolve.EXPORT_OTIO, resolve.EXPORT_NONE
  if kind == nil or type(kind) == "function" then
    api.fail("this Resolve cannot export OTIO; it takes version 18.5 or newer.")
  end
  local done = call(timeline, "Export", path, kind, subtype)
  local file = done and io.open(path, "rb")
  local begins = file and file:read(1)
  if file then file:close() end
  if not begins then
    api.fail(
      "Resolve did not export the timeline. Try File > Export > Timeline with OTIO by hand: where that works, "
        .. "run otio-shottag on that file and import the .tagged.otio it writes."
    )
  end
end

local function pool_id(pool)
  return pool and tostring(call(pool, "GetUniqueId") or call(pool, "GetMediaId") or call(pool, "GetName") or "") or ""
end

-- List the items of all video tracks, from the bottom up.
function api.video_items(timeline)
  local origin, items = timeline:GetStartFrame(), {}
  for number = 1, call(timeline, "GetTrackCount", "video") or 0 do
    for _, handle in ipairs(call(timeline, "GetItemListInTrack", "video", number) or {}) do
      local pool = call(handle, "GetMediaPoolItem")
      items[#items + 1] = {
        track = "V" .. number,
        first = math.floor(handle:GetStart() - origin),
        last_end = math.floor(handle:GetEnd() - origin),
        name = call(handle, "GetName") or "",
        pool_id = pool_id(pool),
        handle = handle,
        pool = pool,
      }
    end
  end
  return items
end

-- Say in one string what stands where, to see whether somebody edited meanwhile.
function api.shape(items)
  local parts = {}
  for _, item in ipairs(items) do
    parts[#parts + 1] = string.format("%s %d %d %s", item.track, item.first, item.last_end, item.name)
  end
  return table.concat(parts, "\n")
end

-- Find the clip that shows a frame: one with media, else one of that name (a dissolve has neither).
function api.item_at(items, shot)
  local named
  for _, item in ipairs(items) do
    if item.track == shot.track and item.first <= shot.first and shot.first < item.last_end then
      if item.pool_id ~= "" then return item end
      if item.name == shot.name and not named then named = item end
    end
  end
  return named
end

local function track_of(handle, items)
  local kind, number = call(handle, "GetTrackTypeAndIndex")
  if type(kind) == "table" then
    kind, number = kind[1], kind[2]
  end
  if kind then return kind == "video" and string.format("V%d", number) or nil end
  local own = call(handle, "GetUniqueId")
  for _, item in ipairs(items) do
    if own and call(item.handle, "GetUniqueId") == own then return item.track end
  end
end

-- Name the tracks that are being worked on, and why these: the API knows no selected track.
function api.wanted_tracks(timeline, items)
  local tracks, seen = {}, {}
  for _, handle in ipairs(call(timeline, "GetSelectedClips") or {}) do
    local track = track_of(handle, items)
    if track and not seen[track] then
      seen[track] = true
      tracks[#tracks + 1] = track
    end
  end
  if #tracks > 0 then
    table.sort(tracks)
    return table.concat(tracks, ","), "where the selected clips are"
  end
  local under = call(timeline, "GetCurrentVideoItem")
  local track = under and track_of(under, items)
  if not track then
    api.fail(
      "no track can be told: select a clip of it, or park the playhead on one, or write it into the settings "
        .. 'as "track": "V2".'
    )
  end
  return track, "where the clip under the playhead is"
end

return api
