-- Whether the actions can work, and how they are registered and pressed.

local part = ...
local LISTS, json, tell = part.lists, part.json, part.talk.tell

local SECTION = "DrumGain"
local INSTALL = "open a terminal, run 'drumgain install' there, and restart REAPER"
local MAX_TEXT = 1 << 20
local MOST_FILES = 400
local DOCTOR_WITHIN_MS = 60000
local RESOURCES = reaper.GetResourcePath()
local FOLDER = part.folder

local installation = {}

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read(MAX_TEXT + 1)
  file:close()
  return text or ""
end

-- The set-up that 'drumgain install' wrote; nil and a sentence where the actions cannot work.
function installation.read_setup()
  local path = RESOURCES .. "/" .. table.concat(LISTS.setup_place, "/")
  local text = read_file(path)
  if not text then
    return nil, "DrumGain's Python program is not set up for this REAPER.\n\nInstall it once "
      .. "(DrumGain's README says how), then " .. INSTALL .. ".\n\n"
      .. path .. " is missing."
  end
  local setup, why = json.decode(text)
  if not setup or setup.kind ~= "object" then
    return nil, "DrumGain's set-up file " .. path .. " is damaged (" .. (why or "no set-up")
      .. ").\n\nTo fix it, " .. INSTALL .. "."
  end
  if json.get(setup, "version") ~= LISTS.version
    or json.get(setup, "format") ~= LISTS.setup_format then
    return nil, ("This menu is from DrumGain %s, the installed program is %s.\n\nUpdate the older one (the menu in ReaPack, the program as DrumGain's README says), then %s."):format(
      LISTS.version, tostring(json.get(setup, "version") or "another version"), INSTALL)
  end
  local interpreter = json.get(setup, "interpreter")
  if type(interpreter) ~= "string" or not reaper.file_exists(interpreter) then
    return nil, "The Python in which DrumGain was installed does not exist any more ("
      .. tostring(interpreter) .. ").\n\nInstall DrumGain again, then " .. INSTALL .. "."
  end
  for _, action in ipairs(LISTS.actions) do
    if not reaper.file_exists(FOLDER .. action[3]) then
      return nil, "The action " .. action[3] .. " is missing in " .. FOLDER
        .. ".\n\nTo fix it, " .. INSTALL .. "."
    end
  end
  return setup
end

-- The methods that are installed; those of this version where the set-up does not tell.
function installation.methods_of(setup)
  local found = {}
  local named = setup and setup.members.methods
  for _, pair in ipairs(named and named.kind == "array" and named.items or {}) do
    local name, words = pair.items and pair.items[1], pair.items and pair.items[2]
    if name and name.kind == "string" then
      found[#found + 1] = { name.value, words and words.value or "" }
    end
  end
  return #found > 0 and found or LISTS.methods
end

-- The names of the user's own models, which lie in the folder that the set-up names.
function installation.models_of(setup)
  local folder = setup and json.get(setup, "models")
  if type(folder) ~= "string" or not reaper.EnumerateFiles then return {} end
  local found = {}
  reaper.EnumerateFiles(folder, -1) -- the folder is read anew
  for place = 0, MOST_FILES do
    local file = reaper.EnumerateFiles(folder, place)
    if not file then break end
    local name = file:match("^(.+)%.json$")
    -- the worker checks names in full
    if name and not name:find("[^%w _\128-\255-]") then found[#found + 1] = name end
  end
  table.sort(found, function(one, other) return one:lower() < other:lower() end)
  return found
end

local function quoted(path)
  return '"' .. path .. '"'
end

local MARKS = { broken = "BROKEN", warning = "Warning" }

-- The links that are not as they should be, as text, and how many there are.
local function problems_of(checks)
  local lines = {}
  for _, check in ipairs(checks) do
    local mark = MARKS[json.get(check, "state")]
    if mark then
      local advice = json.get(check, "advice") or ""
      lines[#lines + 1] = mark .. ": " .. (json.get(check, "name") or "") .. "\n"
        .. (json.get(check, "found") or "")
        .. (advice ~= "" and "\nWhat to do: " .. advice or "")
    end
  end
  return table.concat(lines, "\n\n"), #lines
end

-- What to enter in REAPER's preferences, as the doctor says it.
local function fields_of(report)
  local python = report.members.python
  local folder, file = json.get(python, "folder"), json.get(python, "file")
  if not folder or not file then return "" end
  return "\n\nOptions, Preferences, Plug-ins, ReaScript, for the Python of DrumGain:\n"
    .. "Custom path to Python dll directory: " .. folder
    .. "\nForce ReaScript to use specific Python: " .. file
end

-- What 'drumgain doctor' finds, as text for a message.
function installation.examine(setup)
  reaper.ShowConsoleMsg("DrumGain: checking the installation, this takes some seconds ...\n")
  local command = quoted(json.get(setup, "interpreter")) .. " -I -m reaper_drumgain doctor --json "
    .. "--resource-path " .. quoted(RESOURCES)
  -- the exit code, then what the program printed; it may have warned, too
  local answer = reaper.ExecProcess(command, DOCTOR_WITHIN_MS)
  local report, why = json.decode(answer and answer:match("{.*}") or "")
  local checks = report and report.kind == "object" and report.members.checks
  if not checks or checks.kind ~= "array" then
    return "The check could not be run (" .. (why or "no report") .. "): run 'drumgain doctor' "
      .. "in a terminal.\n\n" .. (answer or "Its Python could not be started."):sub(1, 500)
  end
  local text, count = problems_of(checks.items)
  if count == 0 then
    return ("All %d checks passed: the actions should work."):format(#checks.items)
  end
  return text .. fields_of(report)
end

-- Put all actions into the action list, or take them out. Returns how many.
function installation.register(add)
  local count = 0
  for place, action in ipairs(LISTS.actions) do
    local file = FOLDER .. action[3]
    if reaper.file_exists(file) then
      local is_last = place == #LISTS.actions
      if reaper.AddRemoveReaScript(add, 0, file, is_last) ~= 0 then count = count + 1 end
    end
  end
  if add then
    reaper.SetExtState(SECTION, "registered", LISTS.version .. " " .. FOLDER, true)
  else
    reaper.DeleteExtState(SECTION, "registered", true)
  end
  return count
end

function installation.register_once()
  if reaper.GetExtState(SECTION, "registered") == LISTS.version .. " " .. FOLDER then return end
  local count = installation.register(true)
  tell(("%d DrumGain actions are in the action list now.\n\nIn Actions, Show action list, search "
    .. "for 'DrumGain': give '%s' a key, and put this menu on a toolbar or give it a key, "
    .. "too."):format(count, LISTS.actions[1][2]))
end

-- Run an action. Returns whether REAPER did start it; says why where it did not.
function installation.press(name, project, setup)
  local file
  for _, action in ipairs(LISTS.actions) do
    if action[1] == name then file = FOLDER .. action[3] end
  end
  local command = reaper.AddRemoveReaScript(true, 0, file, true)
  if command == 0 then
    tell("REAPER does not accept the action " .. file .. ".")
    return false
  end
  -- the action deletes this as the first thing that it does
  reaper.SetExtState(SECTION, "pressed", name, false)
  reaper.Main_OnCommandEx(command, 0, project)
  if reaper.GetExtState(SECTION, "pressed") == "" then return true end
  reaper.DeleteExtState(SECTION, "pressed", false)
  tell("REAPER did not start DrumGain's action: Python is not set up in REAPER.\n\n"
    .. installation.examine(setup))
  return false
end

return installation
