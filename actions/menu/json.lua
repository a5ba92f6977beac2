-- JSON. Values keep their text as it was read, so that what this menu does not know is written
-- back unchanged.

local json = {}
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local MAX_TEXT = 1 << 20
local MAX_DEPTH = 60

local function fail(text, place)
  error({ json = "at character " .. place .. ": " .. text }, 0)
end

local function past_space(text, place)
  return text:find("[^ \t\r\n]", place) or #text + 1
end

-- The character of an escape \uXXXX, two of them for one beyond U+FFFF, and the place behind it.
local function unescape(text, place)
  local code = tonumber(text:match("^%x%x%x%x", place) or fail("no escape", place), 16)
  place = place + 4
  if code >= 0xD800 and code < 0xDC00 then
    local low = tonumber(text:match("^\\u(%x%x%x%x)", place) or "", 16)
    if low and low >= 0xDC00 and low < 0xE000 then
      return utf8.char(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), place + 6
    end
  end
  return utf8.char(code), place
end

local function read_string(text, place)
  local start, parts = place, {}
  place = place + 1
  while true do
    local plain, stop = text:match('^([^"\\\0-\31]*)()', place)
    parts[#parts + 1] = plain
    local sign = text:sub(stop, stop)
    if sign == '"' then
      return { kind = "string", value = table.concat(parts), raw = text:sub(start, stop) }, stop + 1
    elseif sign ~= "\\" then
      fail("a text does not end", stop)
    end
    sign = text:sub(stop + 1, stop + 1)
    if sign == "u" then
      parts[#parts + 1], place = unescape(text, stop + 2)
    elseif sign:find('^["\\/]') or ESCAPES[sign] then
      parts[#parts + 1], place = ESCAPES[sign] or sign, stop + 2
    else
      fail("no escape", stop)
    end
  end
end

local read_value

local function read_array(text, place, depth)
  local node = { kind = "array", items = {} }
  place = past_space(text, place + 1)
  if text:sub(place, place) == "]" then return node, place + 1 end
  while true do
    node.items[#node.items + 1], place = read_value(text, place, depth + 1)
    place = past_space(text, place)
    local sign = text:sub(place, place)
    if sign == "]" then return node, place + 1 end
    if sign ~= "," then fail("expected , or ]", place) end
    place = place + 1
  end
end

local function read_object(text, place, depth)
  local node = { kind = "object", names = {}, members = {} }
  place = past_space(text, place + 1)
  if text:sub(place, place) == "}" then return node, place + 1 end
  while true do
    place = past_space(text, place)
    if text:sub(place, place) ~= '"' then fail("expected a name", place) end
    local name
    name, place = read_string(text, place)
    place = past_space(text, place)
    if text:sub(place, place) ~= ":" then fail("expected :", place) end
    if not node.members[name.value] then node.names[#node.names + 1] = name.value end
    node.members[name.value], place = read_value(text, place + 1, depth + 1)
    place = past_space(text, place)
    local sign = text:sub(place, place)
    if sign == "}" then return node, place + 1 end
    if sign ~= "," then fail("expected , or }", place) end
    place = place + 1
  end
end

function read_value(text, place, depth)
  if depth > MAX_DEPTH then fail("nested too deeply", place) end
  place = past_space(text, place)
  local sign = text:sub(place, place)
  if sign == '"' then return read_string(text, place) end
  if sign == "[" then return read_array(text, place, depth) end
  if sign == "{" then return read_object(text, place, depth) end
  local word = text:match("^%l+", place)
  if word == "true" or word == "false" or word == "null" then
    return { kind = "word", raw = word }, place + #word
  end
  local number = text:match("^%-?%d+%.?%d*[eE]?[+-]?%d*", place)
  if not number or not tonumber(number) then fail("expected a value", place) end
  return { kind = "number", raw = number }, place + #number
end

-- The value of a text; nil and why not where it is none.
function json.decode(text)
  if #text > MAX_TEXT then return nil, "it is too long" end
  local good, node, place = pcall(read_value, text, 1, 0)
  if not good then
    return nil, type(node) == "table" and node.json or tostring(node)
  end
  if past_space(text, place) <= #text then return nil, "there is more behind it" end
  return node
end

-- Project files cannot hold quotes of all three kinds in one text, nor lines, so everything but
-- plain ASCII is escaped.
function json.quote(text)
  local function escaped(code)
    if code >= 0x10000 then
      code = code - 0x10000
      return ("\\u%04x\\u%04x"):format(0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
    end
    return ("\\u%04x"):format(code)
  end
  local parts = {}
  -- bytes that are no UTF-8 are taken for Latin-1
  local is_utf8 = utf8.len(text)
  local next_sign = is_utf8 and utf8.charpattern or "."
  for sign in text:gmatch(next_sign) do
    local code = is_utf8 and utf8.codepoint(sign) or sign:byte()
    local is_plain = code >= 32 and code < 127 and not sign:find("[\"\\'`<>]")
    parts[#parts + 1] = is_plain and sign or escaped(code)
  end
  return '"' .. table.concat(parts) .. '"'
end

function json.encode(node)
  if node.kind == "object" then
    local parts = {}
    for _, name in ipairs(node.names) do
      parts[#parts + 1] = json.quote(name) .. ": " .. json.encode(node.members[name])
    end
    return "{" .. table.concat(parts, ", ") .. "}"
  elseif node.kind == "array" then
    local parts = {}
    for _, item in ipairs(node.items) do parts[#parts + 1] = json.encode(item) end
    return "[" .. table.concat(parts, ", ") .. "]"
  elseif node.kind == "string" then
    local is_safe = node.raw and not node.raw:find("[\127-\255'`<>]")
    return is_safe and node.raw or json.quote(node.value)
  end
  return node.raw
end

function json.text(value) return { kind = "string", value = value } end
function json.word(value) return { kind = "word", raw = tostring(value) } end
function json.number(value)
  return { kind = "number", raw = value and ("%.10g"):format(value):gsub(",", ".") or "null" }
end

-- What a member is: a string, a number, true, false, or nil for anything else.
function json.get(node, name)
  local found = node and node.kind == "object" and node.members[name]
  if not found then return nil end
  if found.kind == "string" then return found.value end
  if found.kind == "number" then return tonumber(found.raw) end
  if found.kind == "word" then return ({ ["true"] = true, ["false"] = false })[found.raw] end
  return nil
end

function json.put(node, name, value)
  if not node.members[name] then node.names[#node.names + 1] = name end
  node.members[name] = value
end

return json
