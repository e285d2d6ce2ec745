// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include "world.h"

/* A SYN of an earlier life, that the network kept: the question of all handshakes. */
#define OLD_SYN								\
	.old = { { B, XTCP_SYN } },					\
	.olds = 1

/* A server that listens, a client that may connect; each may close. */
#define ONE_CONNECTION							\
	.listens = 1 << B,						\
	.opens = { 1, 0 },						\
	.window = 4,							\
	.under_way = 4

const struct lesson lessons[] = {
	{
		.name = "two-way",
		ONE_CONNECTION, OLD_SYN,
		.handshake_ways = 2,
		.losses = 1,
		.fails = NO_ZOMBIE,
		.opening = true,
	}, {
		.name = "three-way",
		ONE_CONNECTION, OLD_SYN,
		.handshake_ways = 3,
		.losses = 2,
		.copies = 1,
		.early = { 1, 1 },
		.opening = true,
	}, {
		.name = "four-way",
		ONE_CONNECTION, OLD_SYN,
		.handshake_ways = 4,
		.losses = 2,
		.copies = 1,
		.early = { 1, 1 },
		.opening = true,
	}, {
		.name = "old-segments",
		ONE_CONNECTION,
		.handshake_ways = 3,
		.old = {
			{ B, XTCP_SYN },
			{ B, XTCP_ACK, 1, 1, 1 },
			{ B, XTCP_ACK | XTCP_FIN, 2, 1 },
			{ B, XTCP_RST, 2 },
			{ A, XTCP_SYN | XTCP_ACK, 0, 1 },
			{ A, XTCP_ACK, 1, 2, 1 },
			{ A, XTCP_RST, 2 },
		},
		.olds = 7,
		.writes = { 1, 1 },
		.losses = 1,
	}, {
		.name = "isn-constant",
		ONE_CONNECTION,
		.opens = { 2 },
		.handshake_ways = 3,
		.isn_constant = true,
		.writes = { 1, 0 },
		.users = { ABORTS, 0 },
		.copies = 1,
		.fails = OWN_TEXT,
	}, {
		.name = "isn-clock",
		ONE_CONNECTION,
		.opens = { 2 },
		.handshake_ways = 3,
		.writes = { 1, 0 },
		.users = { ABORTS, 0 },
		.copies = 1,
	}, {
		.name = "short-msl",
		ONE_CONNECTION,
		.opens = { 2 },
		.handshake_ways = 3,
		.isn_constant = true,
		.time_wait_msl = 1,
		.writes = { 0, 1 },
		.users = { SHUTS_DOWN, CLOSES_SECOND },
		.early = { 0, 1 },
		.fails = OWN_TEXT,
	}, {
		.name = "two-msl",
		ONE_CONNECTION,
		.opens = { 2 },
		.handshake_ways = 3,
		.isn_constant = true,
		.time_wait_msl = 2,
		.writes = { 0, 1 },
		.users = { SHUTS_DOWN, CLOSES_SECOND },
		.early = { 0, 1 },
	}, {
		.name = "paws-off",
		ONE_CONNECTION,
		.handshake_ways = 3,
		.timestamps = true,
		.no_paws = true,
		.writes = { 1, 0 },
		.copies = 1,
		.wraps = 1,
		.fails = OWN_TEXT,
	}, {
		.name = "paws-on",
		ONE_CONNECTION,
		.handshake_ways = 3,
		.timestamps = true,
		.writes = { 1, 0 },
		.copies = 1,
		.wraps = 1,
	}, {
		.name = "rfc1337-off",
		ONE_CONNECTION,
		.opens = { 2 },
		.handshake_ways = 3,
		.isn_constant = true,
		.rfc1337_off = true,
		.time_wait_msl = 2,
		.writes = { 0, 1 },
		.users = { SHUTS_DOWN, CLOSES_SECOND },
		.copies = 2,
		.copies_to = 1 << A,
		.fails = OWN_TEXT,
	}, {
		.name = "rfc1337-on",
		ONE_CONNECTION,
		.opens = { 2 },
		.handshake_ways = 3,
		.isn_constant = true,
		.time_wait_msl = 2,
		.writes = { 0, 1 },
		.users = { SHUTS_DOWN, CLOSES_SECOND },
		.copies = 2,
		.copies_to = 1 << A,
	}, {
		.name = "simultaneous-open",
		.opens = { 1, 1 },
		.window = 4,
		.under_way = 4,
		.handshake_ways = 3,
		.losses = 2,
		.copies = 1,
		.early = { 1, 1 },
		.mirror = true,
		.opening = true,
	}, {
		.name = "close",
		ONE_CONNECTION,
		.handshake_ways = 3,
		.writes = { 1, 1 },
		.users = { CLOSES | SHUTS_DOWN, CLOSES | SHUTS_DOWN },
		.losses = 1,
		.copies = 1,
	}, {
		.name = "data",
		ONE_CONNECTION,
		.handshake_ways = 3,
		.writes = { 3, 1 },
		.losses = 1,
		.copies = 1,
		.early = { 1, 0 },
	}, {
		.name = "window",
		ONE_CONNECTION,
		.handshake_ways = 3,
		.window = 2,
		.writes = { 3, 0 },
		.users = { CLOSES, READS_LATE },
		.losses = 1,
	},
};

const unsigned int n_lessons = ARRAY_SIZE(lessons);
