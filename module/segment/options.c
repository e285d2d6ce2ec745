// SPDX-License-Identifier: GPL-2.0
/* Options in the header: RFC 9293 section 3.2, RFC 7323, RFC 2018, RFC 7413. */

#include <linux/kernel.h>
#include <linux/string.h>
#include <xtcp/compat.h>
#include <xtcp/options.h>
#include <xtcp/wire.h>

/* Four octets: kind, length and what follows them. */
static __be32 word(u8 a, u8 b, u8 c, u8 d)
{
	return htonl(a << 24 | b << 16 | c << 8 | d);
}

/* RFC 7413 4.1.1: 4 to 16 octets, an even number; none ask for a cookie. */
static void parse_fastopen(const u8 *cookie, int len, struct xtcp_options *opt)
{
	if (len && (len < XTCP_FASTOPEN_COOKIE_MIN || len > XTCP_FASTOPEN_COOKIE_MAX ||
		    len % 2))
		return;
	opt->has_fastopen = 1;
	opt->cookie = cookie;
	opt->cookie_len = len;
}

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
	case XTCP_OPT_FASTOPEN:
		parse_fastopen(data, len - XTCP_OLEN_FASTOPEN, opt);
		break;
	case XTCP_OPT_EXPERIMENT:
		if (len < XTCP_OLEN_EXPERIMENT ||
		    get_unaligned_be16(data) != XTCP_FASTOPEN_NUMBER)
			break;
		opt->experiment = 1;
		parse_fastopen(data + 2, len - XTCP_OLEN_EXPERIMENT, opt);
		break;
	}
}

/* A timestamp in four-octet words, as RFC 7323 appendix A has it, and nothing else. */
static bool parse_timestamp_alone(const u8 *p, unsigned int len, struct xtcp_options *opt)
{
	if (len != XTCP_OLEN_TS_ALIGNED || get_unaligned((const __be32 *)p) !=
	    word(XTCP_OPT_NOP, XTCP_OPT_NOP, XTCP_OPT_TS, XTCP_OLEN_TS))
		return false;
	opt->has_ts = 1;
	opt->tsval = get_unaligned_be32(p + 4);
	opt->tsecr = get_unaligned_be32(p + 8);
	return true;
}

void xtcp_options_parse(const u8 *p, unsigned int len, struct xtcp_options *opt)
{
	memset(opt, 0, sizeof(*opt));
	if (parse_timestamp_alone(p, len, opt))
		return;
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

/* Not padded. */
static unsigned int fastopen_len(const struct xtcp_options *opt)
{
	if (!opt->has_fastopen)
		return 0;
	return (opt->experiment ? XTCP_OLEN_EXPERIMENT : XTCP_OLEN_FASTOPEN) +
	       opt->cookie_len;
}

unsigned int xtcp_options_len(const struct xtcp_options *opt)
{
	return (opt->mss ? XTCP_OLEN_MSS : 0) +
	       (opt->has_ts ? XTCP_OLEN_TS_ALIGNED : 0) +
	       (opt->has_wscale ? XTCP_OLEN_WSCALE + 1 : 0) +
	       (opt->sack_perm ? XTCP_OLEN_SACK_PERM + 2 : 0) +
	       round_up(fastopen_len(opt), 4);
}

static void write_fastopen(u8 *p, const struct xtcp_options *opt)
{
	unsigned int len = fastopen_len(opt);

	memset(p, XTCP_OPT_NOP, round_up(len, 4));
	p[0] = opt->experiment ? XTCP_OPT_EXPERIMENT : XTCP_OPT_FASTOPEN;
	p[1] = len;
	if (opt->experiment)
		put_unaligned_be16(XTCP_FASTOPEN_NUMBER, p + 2);
	if (opt->cookie_len)
		memcpy(p + len - opt->cookie_len, opt->cookie, opt->cookie_len);
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
	if (opt->has_fastopen)
		write_fastopen((u8 *)p, opt);
}

void xtcp_options_add_cookie(struct xtcp_options *opt,
			     const struct xtcp_fastopen_cookie *cookie)
{
	if (!cookie || !cookie->len)
		return;
	opt->has_fastopen = 1;
	opt->experiment = cookie->experiment;
	opt->cookie = cookie->octets;
	opt->cookie_len = cookie->len;
}
