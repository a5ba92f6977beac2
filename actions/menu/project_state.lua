-- What is kept in the project: its settings, and roles and locks of its tracks.

local part = ...
local LISTS, json = part.lists, part.json
local SECTION = "DrumGain"
-- as in the Python actions' project_state
local KEPT, NUMBER = "DrumGain kept", "stored"

local project_state = {}

local function path_of(project)
  local place = 0
  while true do
    local found, path = reaper.EnumProjects(place)
    if not found then return "" end
    if found == project then return path end
    place = place + 1
  end
end

-- Where the actions keep the settings beside a saved project for this session of REAPER: undo may
-- take a project's ext state along, but never that of REAPER. Nil for an unsaved project.
local function kept_place(project)
  local path = path_of(project)
  if path == "" then return nil end
  return LISTS.kind .. " " .. path:gsub(".", function(sign) return ("%02x"):format(sign:byte()) end)
end

-- What was stored last in this session, and its number; "" and 0 if nothing was.
local function kept(project)
  local place = kept_place(project)
  local text = place and reaper.GetExtState(KEPT, place) or ""
  local number, document = text:match("^(%d+) (.+)$")
  return document or "", tonumber(number) or 0
end

function project_state.settings(project)
  local _, text = reaper.GetProjExtState(project, SECTION, LISTS.kind)
  local document = text ~= "" and json.decode(text) or nil
  local later, number = kept(project)
  -- an undo of something else took the settings along: the next action tells it
  local stored = document and json.get(document, NUMBER) or (text == "" and -1)
  if type(stored) == "number" and stored < number then document = json.decode(later) end
  local usual = json.decode(LISTS.defaults)
  if not document or json.get(document, "kind") ~= LISTS.kind
    or json.get(document, "schema") ~= LISTS.schema then
    return usual
  end
  for _, name in ipairs(usual.names) do
    if not document.members[name] then json.put(document, name, usual.members[name]) end
  end
  return document
end

function project_state.store(project, document, name, value)
  json.put(document, name, value)
  -- 'balance again' then does what the settings say, not what the last run did
  json.put(document, "automated", json.word(false))
  local place, _, number = kept_place(project), kept(project)
  if place then json.put(document, NUMBER, json.number(number + 1)) end
  local text = json.encode(document)
  reaper.SetProjExtState(project, SECTION, LISTS.kind, text)
  if place then reaper.SetExtState(KEPT, place, ("%d %s"):format(number + 1, text), false) end
  if reaper.MarkProjectDirty then reaper.MarkProjectDirty(project) end
end

-- Ask the action 'Trims' for trims, like "kick=+1 cymbals=-2"; an empty text takes that back.
function project_state.request_trims(project, text)
  reaper.SetProjExtState(project, SECTION, "trims", text)
end

function project_state.selected_tracks(project)
  local tracks = {}
  for place = 0, reaper.CountSelectedTracks2(project, false) - 1 do
    tracks[#tracks + 1] = reaper.GetSelectedTrack2(project, place, false)
  end
  return tracks
end

function project_state.stored_on(track, key)
  local _, text = reaper.GetSetMediaTrackInfo_String(track, "P_EXT:" .. key, "", false)
  return text or ""
end

-- The trims that are kept on the tracks: family -> dB, without those of 0.
function project_state.trims(project)
  local found = {}
  for place = 0, reaper.CountTracks(project) - 1 do
    local text = project_state.stored_on(reaper.GetTrack(project, place), LISTS.trim_key)
    local family, wanted = text:match("^1;([^;]+);([^;]+);")
    wanted = tonumber(wanted)
    if wanted and wanted ~= 0 and not found[family] then found[family] = wanted end
  end
  return found
end

-- What all of these tracks have stored under a key; nil where they differ.
function project_state.common(tracks, key)
  local found
  for _, track in ipairs(tracks) do
    local text = project_state.stored_on(track, key)
    if found and found ~= text then return nil end
    found = text
  end
  return found
end

function project_state.plural(count)
  return count == 1 and "1 track" or count .. " tracks"
end

function project_state.store_on(project, tracks, key, value, name)
  reaper.Undo_BeginBlock2(project)
  for _, track in ipairs(tracks) do
    reaper.GetSetMediaTrackInfo_String(track, "P_EXT:" .. key, value, true)
  end
  reaper.Undo_EndBlock2(project, "DrumGain: " .. name, -1)
end

return project_state
