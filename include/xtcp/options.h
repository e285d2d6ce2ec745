/* SPDX-License-Identifier: GPL-2.0 */
/* Options in the header (RFC 9293 3.2, RFC 7323): engine/options.c. */
#ifndef _XTCP_OPTIONS_H
#define _XTCP_OPTIONS_H

#include <linux/types.h>

struct sk_buff;

/* Options of one segment, host order. */
struct xtcp_options {
	u32	tsval;
	u32	tsecr;
	u16	mss;			/* 0: absent */
	u8	wscale;			/* valid with has_wscale */
	u8	has_ts : 1,
		has_wscale : 1,
		sack_perm : 1;
};

/**
 * xtcp_options_parse() - read the options of a header
 * @p: first octet after the fixed header
 * @len: octets of options, 0..40
 * @opt: filled; what is absent is zero
 *
 * Unknown kinds are skipped (RFC 9293 MUST-6), a wrong length ends the walk
 * with what was read so far (MUST-7), a shift over 14 counts as 14 (RFC 7323
 * 2.3). Pure.
 */
void xtcp_options_parse(const u8 *p, unsigned int len, struct xtcp_options *opt);

/**
 * xtcp_options_len() - octets xtcp_options_write() will write
 * @opt: what to write
 *
 * Return: a multiple of four, at most 40.
 */
unsigned int xtcp_options_len(const struct xtcp_options *opt);

/**
 * xtcp_options_write() - write options, padded with NOPs to 32 bits
 * @p: room for xtcp_options_len() octets
 * @opt: what to write
 */
void xtcp_options_write(__be32 *p, const struct xtcp_options *opt);

#endif
