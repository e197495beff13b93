--[[ Workspace > Scripts > Remove Shot Tags: takes off what Tag Shots put on, and nothing else.

For editions that list no Python scripts (free, from 21.1). Resolve hands over "resolve". This only
finds "shottag_resolve", which does the work, through the file that "otio-shottag install-resolve"
wrote beside it. The three entries differ in ENTRY alone; a test says so. Written for Lua 5.1. ]]

local ENTRY = "Remove Shot Tags"

local AGAIN = "Open a terminal and run: otio-shottag install-resolve"

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

-- Where Resolve keeps scripts, for a Resolve that does not tell a script where it lies.
local function folders()
  local home, apps, shared = os.getenv("HOME"), os.getenv("APPDATA"), os.getenv("PROGRAMDATA")
  local mac = "/Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion/Scripts/Utility/"
  local known = { debug.getinfo(1, "S").source:match("^@?(.*[/\\])") or "./", mac, "/opt/resolve/Fusion/Scripts/Utility/" }
  if home then
    table.insert(known, 2, home .. mac)
    table.insert(known, 2, home .. "/.local/share/DaVinciResolve/Fusion/Scripts/Utility/")
  end
  local windows = "\\Blackmagic Design\\DaVinci Resolve\\"
  if apps then table.insert(known, apps .. windows .. "Support\\Fusion\\Scripts\\Utility\\") end
  if shared then table.insert(known, shared .. windows .. "Fusion\\Scripts\\Utility\\") end
  return known
end

local function start()
  for _, folder in ipairs(folders()) do
    local text = read(folder .. "otio-shottag.json")
    if text then
      -- Only this one string of the file is needed before its reader is found; it holds no code.
      local scripts = text:match('"scripts"%s*:%s*"([^"\\]*)"')
      local loaded, menu = pcall(dofile, (scripts or "") .. "/shottag_resolve/menu.lua")
      if loaded then return menu(scripts, ENTRY, resolve or (bmd and bmd.scriptapp("Resolve")), text, folder) end
      return "the installation that " .. folder .. "otio-shottag.json names is gone or broken. " .. AGAIN
    end
  end
  return "the file otio-shottag.json is missing beside this script, so nobody knows where otio-shottag is. " .. AGAIN
end

local sentence = start()
if sentence then
  print(ENTRY .. ": " .. sentence)
  local path = (os.getenv("HOME") or os.getenv("USERPROFILE") or ".") .. "/otio-shottag-resolve.log"
  local log = io.open(path, "wb")
  if log then
    log:write(ENTRY, ": ", sentence, "\n")
    log:close()
    print("The log: " .. path)
  end
end
