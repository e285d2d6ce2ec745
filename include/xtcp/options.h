/* SPDX-License-Identifier: GPL-2.0 */
/* Options in the header (RFC 9293 3.2, RFC 7323): segment/options.c. */
#ifndef _XTCP_OPTIONS_H
#define _XTCP_OPTIONS_H

#include <linux/types.h>

struct sk_buff;

/* A Fast Open cookie, or the wish for one (RFC 7413 4.1.1). */
struct xtcp_fastopen_cookie {
	u8	len;			/* octets, even; 0: there is none */
	bool	experiment;		/* goes under the number of RFC 6994 */
	u8	octets[16];
};

/* Options of one segment, host order. */
struct xtcp_options {
	const u8 *cookie;		/* Fast Open: in the header, or what to write */
	u32	tsval;
	u32	tsecr;
	u16	mss;			/* 0: absent */
	u8	wscale;			/* valid with has_wscale */
	u8	cookie_len;		/* 0: asks for one; valid with has_fastopen */
	u8	has_ts : 1,
		has_wscale : 1,
		sack_perm : 1,
		has_fastopen : 1,
		experiment : 1;		/* Fast Open, by the number of RFC 6994 */
};

/**
 * xtcp_options_parse() - read the options of a header
 * @p: first octet after the fixed header
 * @len: octets of options, 0..40
 * @opt: filled; what is absent is zero
 *
 * Unknown kinds are skipped (RFC 9293 MUST-6), a wrong length ends the walk
 * with what was read so far (MUST-7), a shift over 14 counts as 14 (RFC 7323
 * 2.3), a cookie of no legal length is none. @opt->cookie points into @p. Pure.
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

/* A cookie for @opt, unless there is none or an empty one. @opt points into it. */
void xtcp_options_add_cookie(struct xtcp_options *opt,
			     const struct xtcp_fastopen_cookie *cookie);

#endif
