-- SPDX-License-Identifier: GPL-2.0
--
-- xtcp for Wireshark and tshark: IP protocol 253 is TCP, and its checksum is judged as what it is.
--
--   tshark -X lua_script:xtcp.lua -r FILE -Y xtcp
--   tshark -X lua_script:xtcp.lua -r FILE -Y 'xtcp.checksum.status == "Bad"'
--
-- or put this file into a directory of plugins (Help, About, Folders). The segment is shown by Wireshark's own dissector
-- of TCP, whose judgement of checksums must stay off (it is by default): it takes protocol 6 for the pseudo-header,
-- whatever the packet says. That of ours stands below "xtcp".

local xtcp = Proto("xtcp", "xtcp, a second TCP (IP protocol 253)")
local PROTOCOL = 253

local status = ProtoField.string("xtcp.checksum.status", "Checksum")
local right = ProtoField.uint16("xtcp.checksum.right", "It should be", base.HEX)
xtcp.fields = { status, right }
local wrong = ProtoExpert.new("xtcp.checksum.bad", "Bad checksum", expert.group.CHECKSUM, expert.severity.ERROR)
xtcp.experts = { wrong }

local source4, source6 = Field.new("ip.src"), Field.new("ipv6.src")
local destination4, destination6 = Field.new("ip.dst"), Field.new("ipv6.dst")
local offset_of_fragment, more_fragments = Field.new("ip.frag_offset"), Field.new("ip.flags.mf")

-- The sum of a range's words, as in RFC 1071.
local function words(range)
	local sum, length = 0, range:len()
	for at = 0, length - 2, 2 do
		sum = sum + range(at, 2):uint()
	end
	if length % 2 == 1 then
		sum = sum + range(length - 1, 1):uint() * 256
	end
	return sum
end

-- The last of what a field stands for: behind a tunnel that of the inner header.
local function last(field)
	local all = { field() }
	return all[#all]
end

-- What is in the header in place of the checksum, were it right: over the pseudo-header and the segment.
local function judge(segment)
	local source, destination = last(source6) or last(source4), last(destination6) or last(destination4)
	local sum = words(source.range) + words(destination.range) + PROTOCOL + segment:len() + words(segment:range())
	local there = segment(16, 2):uint()

	sum = sum - there
	while sum > 0xffff do
		sum = math.floor(sum / 0x10000) + sum % 0x10000
	end
	sum = 0xffff - sum
	-- 0 and 0xffff are one number to this sum.
	return there % 0xffff == sum % 0xffff, sum
end

-- Whole, and not cut by the capture nor by fragmentation.
local function can_be_judged(segment)
	local mf, at = last(more_fragments), last(offset_of_fragment)
	return segment:len() >= 20 and segment:reported_len() == segment:len() and
		not (mf and mf.value) and not (at and at.value > 0)
end

function xtcp.dissector(segment, packet, tree)
	local branch = tree:add(xtcp, segment:range(0, math.min(segment:len(), 20)))

	if can_be_judged(segment) then
		local good, sum = judge(segment)
		branch:add(status, segment(16, 2), good and "Good" or "Bad")
		branch:append_text(good and ", checksum right" or ", checksum wrong")
		if not good then
			branch:add(right, segment(16, 2), sum)
			branch:add_proto_expert_info(wrong)
		end
	else
		branch:add(status, "Unverified"):set_generated()
	end
	Dissector.get("tcp"):call(segment, packet, tree)
end

DissectorTable.get("ip.proto"):add(PROTOCOL, xtcp)
