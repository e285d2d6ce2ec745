// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons: a question, the bounds of its world, and what must come of it. One that must
 * fail and does not is as wrong as the reverse; beside each stands its twin, where the same
 * world with the right knob holds.
 *
 * Here also: a scenario of the module's KUnit tests that does the same with real sockets.
 */

#include <linux/kernel.h>
#include "world.h"

/* A client A that connects, once or twice, and a server B that listens. */
#define CLIENT_AND_SERVER(times)					\
	.listens = 1 << B,						\
	.opens = { times, 0 },						\
	.under_way = 4,							\
	.window = 4

/* A SYN of an earlier life, that the network kept: the question to every handshake. */
#define OLD_SYN .old = { { B, XTCP_SYN } }, .olds = 1

/* Both listen to nobody and connect to each other. */
#define BOTH_CONNECT							\
	.opens = { 1, 1 },						\
	.under_way = 4,							\
	.window = 4,							\
	.mirror = true

/*
 * A life that A ends first, and so waits in TIME_WAIT, and then another with the same
 * numbers. B writes, and closes when A has. No copy of A's segments is under way: B has no
 * TIME_WAIT, and would take an old SYN for the next one; from that only ISNs protect.
 */
#define TWO_LIVES							\
	CLIENT_AND_SERVER(2),						\
	.handshake_ways = 3,						\
	.isn_constant = true,						\
	.writes = { 0, 1 },						\
	.users = { SHUTS_DOWN, CLOSES_SECOND }

/* A's numbers come round while a copy of its text is under way. */
#define NUMBERS_WRAP							\
	CLIENT_AND_SERVER(1),						\
	.handshake_ways = 3,						\
	.timestamps = true,						\
	.writes = { 1, 0 },						\
	.copies = 1,							\
	.wraps = 1

/* A writes, aborts, and connects again, while a copy of something is under way. */
#define ABORTED_LIFE							\
	CLIENT_AND_SERVER(2),						\
	.handshake_ways = 3,						\
	.writes = { 1, 0 },						\
	.users = { ABORTS, 0 },						\
	.copies = 1

const struct lesson lessons[] = {
	{
		.name = "two-way",
		.question = { "Are two segments enough to open a connection?",
			      "两次握手够吗？" },
		.answer = { "No: an old SYN leaves a connection at the server that nobody ends.",
			    "不够：一个旧的 SYN 会留下无人能结束的连接。" },
		.replay = "xtcp_knobs_wire.two_way_old_syn",
		CLIENT_AND_SERVER(1), OLD_SYN,
		.handshake_ways = 2,
		.losses = 1,
		.opening = 2,
		.fails = NO_ZOMBIE,
	}, {
		.name = "three-way",
		.question = { "And three?", "三次握手呢？" },
		.answer = { "Yes: whatever is old, lost or comes twice, both ends come to rest.",
			    "够了：无论报文陈旧、丢失或重复，两端终会安定。" },
		.replay = "xtcp_knobs_wire.two_way_old_syn__three_ways_forget_it",
		CLIENT_AND_SERVER(1), OLD_SYN,
		.handshake_ways = 3,
		.losses = 2,
		.copies = 1,
		.early = { 1, 1 },
		.opening = 3,
	}, {
		.name = "four-way",
		.question = { "What would a fourth segment add?", "四次握手能多带来什么？" },
		.answer = { "Nothing but a segment: ACK and SYN of the server fit in one.",
			    "只是多了一个报文：服务器的 ACK 和 SYN 可以合在一个报文里。" },
		.replay = "xtcp_knobs_wire.four_way_open",
		CLIENT_AND_SERVER(1), OLD_SYN,
		.handshake_ways = 4,
		.losses = 2,
		.copies = 1,
		.early = { 1, 1 },
		.opening = 4,
	}, {
		.name = "old-segments",
		.question = { "May SYN, text and RST of an earlier life come back in any order?",
			      "旧连接的 SYN、数据和 RST 乱序重现，会有问题吗？" },
		.answer = { "They may: no octet of them is delivered, and no end stays behind.",
			    "没有：旧数据一个字节也不交付，也不留下半开连接。" },
		.replay = "xtcp_open_wire.old_syn_first",
		CLIENT_AND_SERVER(1),
		.handshake_ways = 3,
		.old = {
			{ B, XTCP_SYN },
			{ B, XTCP_ACK, 1, 1, 1 },
			{ B, XTCP_RST, 2 },
			{ A, XTCP_SYN | XTCP_ACK, 0, 1 },
			{ A, XTCP_ACK | XTCP_FIN, 1, 2 },
			{ A, XTCP_RST, 2 },
		},
		.olds = 6,
		.writes = { 1, 0 },
		.losses = 1,
	}, {
		.name = "isn-constant",
		.question = { "Why does each connection begin with another number?",
			      "为什么每个连接都要用不同的初始序号？" },
		.answer = { "With the same one, text of a dead connection is taken for the new one's.",
			    "若初始序号相同，旧连接的数据会被当作新连接的交付。" },
		.replay = "xtcp_knobs_wire.isn_constant_old_data",
		ABORTED_LIFE,
		.isn_constant = true,
		.fails = OWN_TEXT,
	}, {
		.name = "isn-clock",
		.question = { "And with ISNs that follow a clock (RFC 6528)?",
			      "如果初始序号随时钟变化（RFC 6528）呢？" },
		.answer = { "Old text lies far outside of the new window.",
			    "旧数据的序号远在新窗口之外，不会被接收。" },
		.replay = "xtcp_open_wire.old_syn_first__no_old_text",
		ABORTED_LIFE,
	}, {
		.name = "short-msl",
		.question = { "Is one MSL of TIME_WAIT enough?", "TIME_WAIT 只等 1 个 MSL 够吗？" },
		.answer = { "No: a FIN sent again just before the last ACK came outlives it.",
			    "不够：最后的 ACK 到达前重传的 FIN 和数据活得更久。" },
		.replay = "xtcp_prove_wire.short_msl",
		TWO_LIVES,
		.time_wait_msl = 1,
		.early = { 0, 1 },
		.fails = OWN_TEXT,
	}, {
		.name = "two-msl",
		.question = { "And two?", "2 个 MSL 呢？" },
		.answer = { "Yes: one for the last ACK to arrive, one for what was sent before it did.",
			    "够了：一个给最后的 ACK，一个给它到达前发出的报文。" },
		.replay = "xtcp_prove_wire.short_msl__two_msl",
		TWO_LIVES,
		.time_wait_msl = 2,
		.early = { 0, 1 },
	}, {
		.name = "paws-off",
		.question = { "What if numbers wrap while an old segment is under way?",
			      "如果旧报文还在路上，序号就绕回了一圈，会怎样？" },
		.answer = { "Its number is right again: the old text is delivered.",
			    "旧报文的序号又落入窗口，旧数据被交付。" },
		.replay = "xtcp_data_wire.paws_wrap__paws_off",
		NUMBERS_WRAP,
		.no_paws = true,
		.fails = OWN_TEXT,
	}, {
		.name = "paws-on",
		.question = { "And with PAWS?", "打开 PAWS 呢？" },
		.answer = { "Its timestamp is old: it is dropped.", "旧报文的时间戳太旧，被丢弃。" },
		.replay = "xtcp_data_wire.paws_wrap",
		NUMBERS_WRAP,
	}, {
		.name = "rfc1337-off",
		.question = { "May a RST end TIME_WAIT?", "RST 可以结束 TIME_WAIT 吗？" },
		.answer = { "No: old text draws an ACK, that a RST, and the next old text gets in.",
			    "不可以：旧报文引出 ACK 和 RST，下一个旧报文便混入。" },
		.replay = "xtcp_prove_wire.rfc1337_off",
		TWO_LIVES,
		.rfc1337_off = true,
		.time_wait_msl = 2,
		.copies = 2,
		.copies_to = 1 << A,
		.fails = OWN_TEXT,
	}, {
		.name = "rfc1337-on",
		.question = { "And if TIME_WAIT ignores it (RFC 1337)?",
			      "如果 TIME_WAIT 忽略 RST（RFC 1337）呢？" },
		.answer = { "It lasts as long as anything old is under way.",
			    "只要还有旧报文在路上，TIME_WAIT 就不会结束。" },
		.replay = "xtcp_prove_wire.rfc1337_off__rfc1337_on",
		TWO_LIVES,
		.time_wait_msl = 2,
		.copies = 2,
		.copies_to = 1 << A,
	}, {
		.name = "time-wait-reuse",
		.question = { "May a new SYN end the server's TIME_WAIT (RFC 6191)?",
			      "新的 SYN 可以结束服务器的 TIME_WAIT 吗（RFC 6191）？" },
		.answer = { "Yes, by a number above all old ones: what is old still does not get in.",
			    "可以，只要它的序号高于所有旧序号：旧报文仍然进不来。" },
		.replay = "xtcp_close_wire.time_wait_reuse__by_new_syn",
		CLIENT_AND_SERVER(2),
		.handshake_ways = 3,
		.time_wait_msl = 2,
		.users = { CLOSES_SECOND, SHUTS_DOWN },
		.copies = 1,
	}, {
		.name = "reboot",
		.question = { "What if the client crashes and connects again from the same port?",
			      "客户端崩溃后用同一端口重新连接，会怎样？" },
		.answer = { "The server's ACK of the old life draws a RST, and the new SYN gets in.",
			    "服务器旧连接的 ACK 引出 RST，随后新的 SYN 成功。" },
		.replay = "xtcp_close_wire.client_reboots__connects_again",
		CLIENT_AND_SERVER(3),
		.handshake_ways = 3,
		.writes = { 1, 0 },
		.users = { CRASHES, 0 },
		.losses = 1,
	}, {
		.name = "simultaneous-open",
		.question = { "What if both connect to each other at once?",
			      "如果两端同时发起连接会怎样？" },
		.answer = { "One connection, by four segments.", "建立一个连接，共四个报文。" },
		.replay = "xtcp_open_wire.simultaneous_open",
		BOTH_CONNECT,
		.handshake_ways = 3,
		.users = { SHUTS_DOWN, SHUTS_DOWN },
		.losses = 1,
		.copies = 1,
		.early = { 1, 1 },
		.opening = 4,
	}, {
		.name = "close",
		.question = { "Does every way of closing end well, both ends at once too?",
			      "任何关闭方式（包括两端同时关闭）都能正常结束吗？" },
		.answer = { "Yes: close() and shutdown(), in any order, with text before and behind.",
			    "能：close() 和 shutdown() 以任意顺序，前后可有数据。" },
		.replay = "xtcp_close_wire.simultaneous_close",
		CLIENT_AND_SERVER(1),
		.handshake_ways = 3,
		.writes = { 1, 1 },
		.users = { CLOSES | SHUTS_DOWN, CLOSES | SHUTS_DOWN },
		.losses = 1,
	}, {
		.name = "close-again",
		.question = { "And if segments of the closing are lost or come twice?",
			      "如果挥手的报文丢失或重复呢？" },
		.answer = { "Each is said again; no end is left behind.",
			    "每个都会重传，没有一端会被遗留。" },
		.replay = "xtcp_close_wire.first_fin_lost",
		CLIENT_AND_SERVER(1),
		.handshake_ways = 3,
		.users = { CLOSES | SHUTS_DOWN, CLOSES | SHUTS_DOWN },
		.losses = 2,
		.copies = 1,
		.early = { 1, 1 },
	}, {
		.name = "data",
		.question = { "Is text delivered once and in order, whatever the network does?",
			      "无论网络如何，数据都能按序且只交付一次吗？" },
		.answer = { "Yes: it is a prefix of what was written, in every world.",
			    "能：在每个状态里，交付的都是所写数据的前缀。" },
		.replay = "xtcp_data_wire.loss_fast_retransmit__two_holes",
		CLIENT_AND_SERVER(1),
		.handshake_ways = 3,
		.writes = { 2, 1 },
		.users = { SHUTS_DOWN, 0 },
		.losses = 1,
		.copies = 1,
	}, {
		.name = "window",
		.question = { "And if the receiver reads late, and its window is small?",
			      "如果接收方读得慢、窗口很小呢？" },
		.answer = { "The sender waits and probes; nothing is lost and nobody is stuck.",
			    "发送方等待并探测；数据不会丢，也不会卡死。" },
		.replay = "xtcp_data_wire.zero_window__update_lost",
		.listens = 1 << B,
		.opens = { 1, 0 },
		.under_way = 4,
		.window = 2,
		.handshake_ways = 3,
		.writes = { 3, 0 },
		.users = { SHUTS_DOWN, READS_LATE },
		.losses = 1,
		.copies = 1,
	},
};

const unsigned int n_lessons = ARRAY_SIZE(lessons);
