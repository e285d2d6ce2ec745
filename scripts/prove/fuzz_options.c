// SPDX-License-Identifier: GPL-2.0
/*
 * Any octets as the options of a header, for libFuzzer: nothing beyond them is read, nothing
 * comes out that no peer may say, and a parser that was written from the RFCs alone, and
 * slowly, finds the same.
 */

#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>
#include <xtcp/tcb.h>

/* Kind, length, and what they may be: RFC 9293 3.2, 7323, 2018, 7413 4.1.1, 6994. */
static void one_option(const u8 *o, struct xtcp_options *opt)
{
	unsigned int cookie = 0;

	if (o[0] == 2 && o[1] == 4)
		opt->mss = o[2] << 8 | o[3];
	if (o[0] == 3 && o[1] == 3) {
		opt->has_wscale = 1;
		opt->wscale = o[2] > 14 ? 14 : o[2];
	}
	if (o[0] == 4 && o[1] == 2)
		opt->sack_perm = 1;
	if (o[0] == 8 && o[1] == 10) {
		opt->has_ts = 1;
		opt->tsval = (u32)o[2] << 24 | o[3] << 16 | o[4] << 8 | o[5];
		opt->tsecr = (u32)o[6] << 24 | o[7] << 16 | o[8] << 8 | o[9];
	}
	if (o[0] == 34)
		cookie = 2;
	if (o[0] == 254 && o[1] >= 4 && o[2] == 0xf9 && o[3] == 0x89) {
		cookie = 4;
		opt->experiment = 1;
	}
	if (!cookie || (o[1] != cookie && (o[1] < cookie + 4 || o[1] > cookie + 16 ||
					   o[1] % 2)))
		return;
	opt->has_fastopen = 1;
	opt->cookie = o + cookie;
	opt->cookie_len = o[1] - cookie;
}

static void slow_parse(const u8 *o, size_t len, struct xtcp_options *opt)
{
	size_t at = 0;

	memset(opt, 0, sizeof(*opt));
	while (at < len && o[at] != 0) {
		if (o[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 == len || o[at + 1] < 2 || at + o[at + 1] > len)
			return;
		one_option(o + at, opt);
		at += o[at + 1];
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct xtcp_options opt, slow;

	if (size > XTCP_OPTIONS_MAX)
		return -1;
	xtcp_options_parse(data, size, &opt);
	slow_parse(data, size, &slow);
	if (memcmp(&opt, &slow, sizeof(opt)))
		abort();
	return 0;
}
