--[[ What each menu entry does, from the open timeline to the last sentence on the console; as menu.py.

Gives a function (scripts, entry, resolve, install_text, folder): "scripts" is the folder this
package lies in, "install_text" the file that install-resolve wrote, "folder" where that lies. ]]

local SCHEMA = 1 -- of the JSON that this understands
local AGAIN = "open a terminal and run: otio-shottag install-resolve"

local function read_settings(scripts, folder, read_json, process, api)
  local settings = read_json(process.read(scripts .. "/otio-shottag-settings.json"))
  local path = folder .. "otio-shottag-settings.json"
  local text = process.read(path)
  if not text then return settings end
  local good, given = pcall(read_json, (text:gsub("^\239\187\191", "")))
  if not good or type(given) ~= "table" then
    api.fail("the settings " .. path .. " cannot be read; mend them, or delete the file.")
  end
  for key, value in pairs(given) do
    if settings[key] == nil then api.fail(path .. ": there is no setting '" .. tostring(key) .. "'.") end
    if type(value) ~= type(settings[key]) then
      api.fail(path .. ": " .. key .. " should be a " .. type(settings[key]) .. ".")
    end
    if key == "marker_color" or key == "clip_color" then
      local allowed = key == "marker_color" and api.MARKER_COLORS or api.CLIP_COLORS
      for size, color in pairs(value) do
        if not (" " .. allowed .. " "):find(" " .. tostring(color) .. " ", 1, true) then
          api.fail(string.format("%s: %s, %s: '%s' is no colour there; one of %s.", path, key, size, color, allowed))
        end
        settings[key][size] = color
      end
    else
      settings[key] = value
    end
  end
  if settings.markers ~= "timeline" and settings.markers ~= "clip" then
    api.fail(path .. ": markers should be 'timeline' or 'clip'.")
  end
  return settings
end

local function shots_of(report)
  local shots = {}
  for _, shot in ipairs(report.shots) do
    shots[#shots + 1] = {
      analysis = shot.analysis,
      track = shot.track,
      first = shot.record.first_frame - report.cut.start_frame,
      last_end = shot.record.end_frame - report.cut.start_frame,
      name = shot.name,
      nested = #shot.address > 2,
      label = shot.label,
      unsure = shot.unsure,
      marker = shot.marker.name,
      note = shot.marker.comment,
    }
  end
  return shots
end

return function(scripts, entry, resolve, install_text, folder)
  local function part(name)
    return dofile(scripts .. "/shottag_resolve/" .. name .. ".lua")
  end
  local read_json, process, api = part("json"), part("process"), part("resolve_api")
  local console = part("console")(entry)
  local markers, fields = part("markers")(api, console), part("fields")(api, console)

  local function remove(timeline)
    local items = api.video_items(timeline)
    local gone, left = markers.remove(timeline, items)
    local colors, files = fields.uncolor(items), fields.remove(items)
    if left > 0 then
      api.fail(string.format("Resolve took off %d markers and kept %d; is the timeline locked?", gone, left))
    end
    console.say(
      string.format(
        "Took off %d shot markers, %d clip colours, and our words in the fields of %d files.", gone, colors, files
      )
    )
  end

  -- Let otio-shottag judge an exported cut; give its report.
  local function judge(start, tracks, options)
    local install = read_json(install_text)
    local arguments = {}
    for _, list in ipairs({
      install.command, { "tag", start .. ".otio", "--json", start .. ".json", "--progress", "lines" },
      tracks ~= "" and { "--tracks", tracks } or {}, options,
    }) do
      for _, one in ipairs(list) do
        arguments[#arguments + 1] = one
      end
    end
    local last, reason
    local started = process.run(arguments, function(line)
      if line:match("^%d+/%d+ shots$") then return console.say("  " .. line) end
      console.note("  " .. line)
      last = line ~= "" and line or last
      reason = line:match("^otio%-shottag: (.*)") or line:match("^Error: (.*)") or reason
    end)
    if not started then
      api.fail(
        string.format(
          'this Resolve lets no script start a program. The timeline is in %s.otio: run otio-shottag "%s.otio" in a '
            .. "terminal, then import %s.tagged.otio through File > Import > Timeline.",
          start, start, start
        )
      )
    end
    local text = process.read(start .. ".json")
    if not text then
      os.remove(start .. ".otio")
      if reason then api.fail("otio-shottag says: " .. reason) end
      api.fail("otio-shottag gave no answer (" .. (last or "it said nothing") .. "): " .. AGAIN)
    end
    local report = read_json(text)
    if report.otio_shottag.schema ~= SCHEMA then
      api.fail("otio-shottag answers in a schema that this script does not read: " .. AGAIN)
    end
    return report
  end

  local function apply(timeline, items, report, settings)
    local now = api.video_items(timeline)
    if api.shape(now) ~= api.shape(items) then
      api.fail("the timeline was edited meanwhile, so nothing was marked; start this again.")
    end
    local shots, sizes = shots_of(report), {}
    for _, shot in ipairs(shots) do
      if shot.analysis == "shot_type" then sizes[#sizes + 1] = shot end
    end
    local replaced, left = markers.remove(timeline, now)
    local placed = markers.add(timeline, now, sizes, settings)
    if placed == 0 then api.fail("Resolve took none of the markers.") end
    if settings.clip_colors then fields.color(now, shots, settings) end
    if settings.shot_type_field or settings.keywords then fields.write(now, shots, settings) end
    local skips = {}
    for _, skip in ipairs(report.skips) do
      skips[#skips + 1] = string.format("%s on %s: %s", skip.name, skip.track, skip.reason)
    end
    console.tell(skips, "not judged")
    if left > 0 then console.say("  " .. left .. " older shot markers could not be taken off.") end
    local judged_on = report.device and "judged on " .. report.device or "all known from earlier runs"
    console.say(
      string.format(
        "%d of %d shots marked on the %s%s; %s.", placed, #sizes, settings.markers,
        replaced > 0 and string.format(", %d older markers replaced", replaced) or "", judged_on
      )
    )
  end

  local function tag(timeline)
    local settings = read_settings(scripts, folder, read_json, process, api)
    local items = api.video_items(timeline)
    if #items == 0 then api.fail("the timeline has nothing on its video tracks.") end
    local tracks, why = settings.track:gsub("%s", ""), "which the settings name"
    if entry == "Tag Selected Track" and tracks == "" then
      tracks, why = api.wanted_tracks(timeline, items)
    end
    if tracks ~= "" then console.say(entry .. ": " .. tracks .. ", " .. why .. ".") end
    local start = process.temporary()
    api.export_otio(resolve, timeline, start .. ".otio")
    console.say("Judging; the first shots take a little longer, until the network is loaded.")
    local report = judge(start, tracks, settings.options)
    local applied, problem = pcall(apply, timeline, items, report, settings)
    os.remove(start .. ".json")
    if not applied then
      console.say(
        "What was judged is in " .. start .. ".tagged.otio: File > Import > Timeline brings it in as a timeline of its own."
      )
      error(problem, 0)
    end
    for _, ending in ipairs({ "", ".otio", ".tagged.otio" }) do
      os.remove(start .. ending)
    end
  end

  local good, problem = pcall(function()
    local timeline = api.current_timeline(resolve)
    return (entry == "Remove Shot Tags" and remove or tag)(timeline)
  end)
  if not good then
    local sentence = type(problem) == "table" and problem.sentence
    console.fail(sentence or ("stopped by something unexpected (" .. tostring(problem) .. ")."))
  end
  console.close()
end
