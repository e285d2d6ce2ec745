/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The segment on the wire (RFC 9293 section 3.1) and the constants of the
 * protocol that no one may tune. The header is TCP's, bit for bit: struct
 * tcphdr; only the IP protocol number, and with it the pseudo header, differ.
 */
#ifndef _XTCP_WIRE_H
#define _XTCP_WIRE_H

#include <linux/tcp.h>
#include <linux/types.h>
#include <uapi/linux/xtcp.h>

/* Control bits, in byte 13 of the header. */
enum xtcp_control {
	XTCP_FIN = 0x01,
	XTCP_SYN = 0x02,
	XTCP_RST = 0x04,
	XTCP_PSH = 0x08,
	XTCP_ACK = 0x10,
	XTCP_URG = 0x20,
	XTCP_ECE = 0x40,
	XTCP_CWR = 0x80,
};

/* Option kinds and lengths (RFC 9293 3.2, RFC 7323, RFC 2018). */
enum xtcp_option_kind {
	XTCP_OPT_EOL		= 0,
	XTCP_OPT_NOP		= 1,
	XTCP_OPT_MSS		= 2,
	XTCP_OPT_WSCALE		= 3,
	XTCP_OPT_SACK_PERM	= 4,
	XTCP_OPT_SACK		= 5,
	XTCP_OPT_TS		= 8,
	XTCP_OPT_FASTOPEN	= 34,	/* RFC 7413 4.1.1 */
	XTCP_OPT_EXPERIMENT	= 254,	/* RFC 6994: a number of 16 bits follows */
};

enum xtcp_option_len {
	XTCP_OLEN_MSS		= 4,
	XTCP_OLEN_WSCALE	= 3,
	XTCP_OLEN_SACK_PERM	= 2,
	XTCP_OLEN_TS		= 10,
	XTCP_OLEN_TS_ALIGNED	= 12,	/* with two NOPs in front */
	XTCP_OLEN_FASTOPEN	= 2,	/* and the cookie */
	XTCP_OLEN_EXPERIMENT	= 4,	/* and the cookie */
};

enum xtcp_limits {
	XTCP_HEADER_MAX		= 60,	/* 20 and 40 of options */
	XTCP_OPTIONS_MAX	= 40,
	XTCP_FASTOPEN_NUMBER	= 0xf989, /* of Fast Open among experiments */
	XTCP_FASTOPEN_COOKIE_MIN = 4,	/* octets, RFC 7413 4.1.1 */
	XTCP_FASTOPEN_COOKIE_MAX = 16,
	XTCP_WSCALE_MAX		= 14,	/* RFC 7323 2.3 */
	XTCP_MSS_DEFAULT	= 536,	/* RFC 9293 MUST-15, IPv4 */
	XTCP_MSS_DEFAULT6	= 1220,	/* and IPv6 */
	XTCP_MSS_MIN		= 48,	/* room for data beside 40 B of options */
	XTCP_WINDOW_MAX		= 65535,
};

/* Sequence numbers compare modulo 2^32 (RFC 9293 3.4). */
static inline bool xtcp_seq_lt(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static inline bool xtcp_seq_leq(u32 a, u32 b)
{
	return (s32)(a - b) <= 0;
}

static inline bool xtcp_seq_gt(u32 a, u32 b)
{
	return (s32)(a - b) > 0;
}

static inline bool xtcp_seq_geq(u32 a, u32 b)
{
	return (s32)(a - b) >= 0;
}

/* lo <= seq <= hi */
static inline bool xtcp_seq_between(u32 lo, u32 seq, u32 hi)
{
	return hi - lo >= seq - lo;
}

static inline u8 xtcp_control_bits(const struct tcphdr *th)
{
	return ((const u8 *)th)[13];
}

#endif
