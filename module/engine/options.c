// SPDX-License-Identifier: GPL-2.0
/* Options in the header: RFC 9293 section 3.2, RFC 7323, RFC 2018. */

#include <linux/kernel.h>
#include <linux/string.h>
#include <xtcp/compat.h>
#include <xtcp/options.h>
#include <xtcp/wire.h>

/* One option of the right length; others are none of ours. */
static void parse_one(u8 kind, const u8 *data, u8 len, struct xtcp_options *opt)
{
	switch (kind) {
	case XTCP_OPT_MSS:
		if (len == XTCP_OLEN_MSS)
			opt->mss = get_unaligned_be16(data);
		break;
	case XTCP_OPT_WSCALE:
		if (len != XTCP_OLEN_WSCALE)
			break;
		opt->has_wscale = 1;
		opt->wscale = min_t(u8, data[0], XTCP_WSCALE_MAX);
		break;
	case XTCP_OPT_SACK_PERM:
		if (len == XTCP_OLEN_SACK_PERM)
			opt->sack_perm = 1;
		break;
	case XTCP_OPT_TS:
		if (len != XTCP_OLEN_TS)
			break;
		opt->has_ts = 1;
		opt->tsval = get_unaligned_be32(data);
		opt->tsecr = get_unaligned_be32(data + 4);
		break;
	}
}

void xtcp_options_parse(const u8 *p, unsigned int len, struct xtcp_options *opt)
{
	memset(opt, 0, sizeof(*opt));
	while (len) {
		if (*p == XTCP_OPT_EOL)
			return;
		if (*p == XTCP_OPT_NOP) {
			p++;
			len--;
			continue;
		}
		if (len < 2 || p[1] < 2 || p[1] > len)
			return;
		parse_one(p[0], p + 2, p[1], opt);
		len -= p[1];
		p += p[1];
	}
}

unsigned int xtcp_options_len(const struct xtcp_options *opt)
{
	return (opt->mss ? XTCP_OLEN_MSS : 0) +
	       (opt->has_ts ? XTCP_OLEN_TS_ALIGNED : 0) +
	       (opt->has_wscale ? XTCP_OLEN_WSCALE + 1 : 0) +
	       (opt->sack_perm ? XTCP_OLEN_SACK_PERM + 2 : 0);
}

/* Four octets: kind, length and what follows them. */
static __be32 word(u8 a, u8 b, u8 c, u8 d)
{
	return htonl(a << 24 | b << 16 | c << 8 | d);
}

void xtcp_options_write(__be32 *p, const struct xtcp_options *opt)
{
	if (opt->mss)
		*p++ = word(XTCP_OPT_MSS, XTCP_OLEN_MSS, opt->mss >> 8, opt->mss);
	if (opt->sack_perm)
		*p++ = word(XTCP_OPT_NOP, XTCP_OPT_NOP, XTCP_OPT_SACK_PERM,
			    XTCP_OLEN_SACK_PERM);
	if (opt->has_ts) {
		*p++ = word(XTCP_OPT_NOP, XTCP_OPT_NOP, XTCP_OPT_TS, XTCP_OLEN_TS);
		*p++ = htonl(opt->tsval);
		*p++ = htonl(opt->tsecr);
	}
	if (opt->has_wscale)
		*p++ = word(XTCP_OPT_NOP, XTCP_OPT_WSCALE, XTCP_OLEN_WSCALE,
			    opt->wscale);
}
