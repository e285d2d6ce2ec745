// SPDX-License-Identifier: GPL-2.0
/* segment/options.c: what other TCPs send, and what attackers do. */

#include <kunit/test.h>
#include <xtcp/options.h>
#include <xtcp/wire.h>

#define PARSE(opt, ...)							\
	do {								\
		static const u8 octets[] = { __VA_ARGS__ };		\
									\
		xtcp_options_parse(octets, sizeof(octets), opt);	\
	} while (0)

static void expect_nothing(struct kunit *test, const struct xtcp_options *opt)
{
	KUNIT_EXPECT_EQ(test, opt->mss, 0);
	KUNIT_EXPECT_FALSE(test, opt->has_ts);
	KUNIT_EXPECT_FALSE(test, opt->has_wscale);
	KUNIT_EXPECT_FALSE(test, opt->sack_perm);
}

static void options_parse__none(struct kunit *test)
{
	struct xtcp_options opt = { .mss = 1, .has_ts = 1, .has_wscale = 1,
				    .sack_perm = 1 };
	u8 nothing = 0;

	xtcp_options_parse(&nothing, 0, &opt);
	expect_nothing(test, &opt);
}

static void options_parse__mss(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 2, 4, 0x05, 0xb4);
	KUNIT_EXPECT_EQ(test, opt.mss, 1460);
}

static void options_parse__wscale(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 1, 3, 3, 7);
	KUNIT_EXPECT_TRUE(test, opt.has_wscale);
	KUNIT_EXPECT_EQ(test, opt.wscale, 7);
}

/* A shift of nothing is an offer all the same (RFC 7323 2.2). */
static void options_parse__wscale_zero_is_an_offer(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 3, 3, 0, 1);
	KUNIT_EXPECT_TRUE(test, opt.has_wscale);
	KUNIT_EXPECT_EQ(test, opt.wscale, 0);
}

/* RFC 7323 2.3: more than 14 is used as 14. */
static void options_parse__wscale_over_14(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 3, 3, 15, 1);
	KUNIT_EXPECT_EQ(test, opt.wscale, 14);
	PARSE(&opt, 3, 3, 255, 1);
	KUNIT_EXPECT_EQ(test, opt.wscale, 14);
}

static void options_parse__sack_permitted(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 4, 2, 1, 1);
	KUNIT_EXPECT_TRUE(test, opt.sack_perm);
}

static void options_parse__timestamps(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 1, 1, 8, 10, 0x01, 0x02, 0x03, 0x04, 0xf1, 0xf2, 0xf3, 0xf4);
	KUNIT_EXPECT_TRUE(test, opt.has_ts);
	KUNIT_EXPECT_EQ(test, opt.tsval, 0x01020304);
	KUNIT_EXPECT_EQ(test, opt.tsecr, 0xf1f2f3f4);
}

/* Linux's SYN: MSS, SACK permitted, timestamps, NOP, window scale. */
static void options_parse__syn_of_linux(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7);
	KUNIT_EXPECT_EQ(test, opt.mss, 1460);
	KUNIT_EXPECT_TRUE(test, opt.sack_perm);
	KUNIT_EXPECT_TRUE(test, opt.has_ts);
	KUNIT_EXPECT_EQ(test, opt.tsval, 9);
	KUNIT_EXPECT_TRUE(test, opt.has_wscale);
	KUNIT_EXPECT_EQ(test, opt.wscale, 7);
}

static void options_parse__end_of_list_ends(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 0, 2, 4, 0x05, 0xb4);
	expect_nothing(test, &opt);
}

static void options_parse__only_nops(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 1, 1, 1, 1);
	expect_nothing(test, &opt);
}

/* RFC 9293 MUST-6: 30 is MPTCP's, 253 an experiment's. */
static void options_parse__unknown_is_skipped(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 30, 4, 0xff, 0xff, 253, 2, 2, 4, 0x02, 0x18);
	KUNIT_EXPECT_EQ(test, opt.mss, 536);
}

static void options_parse__length_0_ends(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 30, 0, 2, 4, 0x05, 0xb4);
	expect_nothing(test, &opt);
}

static void options_parse__length_1_ends(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 4, 2, 30, 1, 2, 4, 0x05, 0xb4);
	KUNIT_EXPECT_TRUE(test, opt.sack_perm);
	KUNIT_EXPECT_EQ(test, opt.mss, 0);
}

static void options_parse__length_beyond_header_ends(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 2, 4, 0x05);
	expect_nothing(test, &opt);
	PARSE(&opt, 8, 10, 1, 2, 3, 4, 5, 6, 7);
	expect_nothing(test, &opt);
	PARSE(&opt, 4, 2, 30, 255);
	KUNIT_EXPECT_TRUE(test, opt.sack_perm);
}

static void options_parse__kind_without_length_ends(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 2, 4, 0x05, 0xb4, 8);
	KUNIT_EXPECT_EQ(test, opt.mss, 1460);
	KUNIT_EXPECT_FALSE(test, opt.has_ts);
}

/* A known kind of a wrong length says nothing, and what follows is read. */
static void options_parse__wrong_length_of_known_kind(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 2, 3, 0xff, 3, 4, 7, 7, 4, 3, 0, 8, 4, 0, 0, 2, 4, 0x02, 0x18);
	KUNIT_EXPECT_EQ(test, opt.mss, 536);
	KUNIT_EXPECT_FALSE(test, opt.has_wscale);
	KUNIT_EXPECT_FALSE(test, opt.sack_perm);
	KUNIT_EXPECT_FALSE(test, opt.has_ts);
}

static void options_parse__all_40_octets(struct kunit *test)
{
	u8 octets[40];
	struct xtcp_options opt;

	memset(octets, XTCP_OPT_NOP, sizeof(octets));
	octets[36] = XTCP_OPT_MSS;
	octets[37] = XTCP_OLEN_MSS;
	octets[38] = 0x23;
	octets[39] = 0x28;
	xtcp_options_parse(octets, sizeof(octets), &opt);
	KUNIT_EXPECT_EQ(test, opt.mss, 9000);
}

static void options_parse__fastopen(struct kunit *test)
{
	static const u8 cookie[] = { 34, 8, 1, 2, 3, 4, 5, 6, 1, 1 };
	static const u8 experiment[] = { 254, 8, 0xf9, 0x89, 1, 2, 3, 4 };
	struct xtcp_options opt;

	xtcp_options_parse(cookie, sizeof(cookie), &opt);
	KUNIT_EXPECT_TRUE(test, opt.has_fastopen && !opt.experiment);
	KUNIT_EXPECT_EQ(test, opt.cookie_len, 6);
	KUNIT_EXPECT_PTR_EQ(test, opt.cookie, cookie + 2);
	xtcp_options_parse(experiment, sizeof(experiment), &opt);
	KUNIT_EXPECT_TRUE(test, opt.has_fastopen && opt.experiment);
	KUNIT_EXPECT_EQ(test, opt.cookie_len, 4);
	KUNIT_EXPECT_PTR_EQ(test, opt.cookie, experiment + 4);
}

static void options_parse__fastopen_asked_for(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 34, 2);
	KUNIT_EXPECT_TRUE(test, opt.has_fastopen);
	KUNIT_EXPECT_EQ(test, opt.cookie_len, 0);
	PARSE(&opt, 254, 4, 0xf9, 0x89);
	KUNIT_EXPECT_TRUE(test, opt.has_fastopen && opt.experiment);
	KUNIT_EXPECT_EQ(test, opt.cookie_len, 0);
}

/* RFC 7413 4.1.1: 4 to 16 octets, an even number; RFC 6994: another's experiment. */
static void options_parse__fastopen_of_no_legal_length(struct kunit *test)
{
	struct xtcp_options opt;

	PARSE(&opt, 34, 4, 1, 2);
	KUNIT_EXPECT_FALSE(test, opt.has_fastopen);
	PARSE(&opt, 34, 7, 1, 2, 3, 4, 5);
	KUNIT_EXPECT_FALSE(test, opt.has_fastopen);
	PARSE(&opt, 34, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18);
	KUNIT_EXPECT_FALSE(test, opt.has_fastopen);
	PARSE(&opt, 254, 3, 0xf9);
	KUNIT_EXPECT_FALSE(test, opt.has_fastopen);
	PARSE(&opt, 254, 8, 0xf9, 0x88, 1, 2, 3, 4);
	KUNIT_EXPECT_FALSE(test, opt.has_fastopen);
}

/* Padded behind, so that the cookie is aligned; the longest fits beside the others. */
static void options_write__fastopen(struct kunit *test)
{
	static const u8 cookie[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	struct xtcp_options opt = { .has_fastopen = 1, .cookie = cookie }, in;
	__be32 words[11];
	unsigned int len;

	for (opt.experiment = 0; ; opt.experiment = 1) {
		for (len = 0; len <= 16; len += 2) {
			if (len == 2)
				continue;
			memset(words, 0xaa, sizeof(words));
			opt.cookie_len = len;
			xtcp_options_write(words, &opt);
			KUNIT_EXPECT_EQ(test, (__force u32)words[xtcp_options_len(&opt) / 4],
					0xaaaaaaaa);
			xtcp_options_parse((u8 *)words, xtcp_options_len(&opt), &in);
			KUNIT_EXPECT_EQ(test, in.cookie_len, len);
			KUNIT_EXPECT_EQ(test, !!in.experiment, !!opt.experiment);
			KUNIT_EXPECT_MEMEQ(test, in.cookie, cookie, len);
		}
		if (opt.experiment)
			break;
	}
	opt.mss = 1460;
	opt.has_ts = 1;
	opt.has_wscale = 1;
	KUNIT_EXPECT_EQ(test, xtcp_options_len(&opt), XTCP_OPTIONS_MAX);
}

static void options_len__each(struct kunit *test)
{
	struct xtcp_options none = { }, mss = { .mss = 1460 },
		ts = { .has_ts = 1 }, ws = { .has_wscale = 1 },
		sack = { .sack_perm = 1 };

	KUNIT_EXPECT_EQ(test, xtcp_options_len(&none), 0);
	KUNIT_EXPECT_EQ(test, xtcp_options_len(&mss), 4);
	KUNIT_EXPECT_EQ(test, xtcp_options_len(&ts), 12);
	KUNIT_EXPECT_EQ(test, xtcp_options_len(&ws), 4);
	KUNIT_EXPECT_GE(test, xtcp_options_len(&sack), 2);
	KUNIT_EXPECT_EQ(test, xtcp_options_len(&sack) % 4, 0);
}

/* Every combination, read back; nothing written beyond the length promised. */
static void options_write__round_trip(struct kunit *test)
{
	unsigned int i, len;

	for (i = 0; i < 16; i++) {
		struct xtcp_options out = { .mss = i & 1 ? 1460 : 0 }, in;
		__be32 words[11];

		out.has_ts = !!(i & 2);
		out.tsval = i & 2 ? 0x11223344 : 0;
		out.tsecr = i & 2 ? 0x55667788 : 0;
		out.has_wscale = !!(i & 4);
		out.wscale = i & 4 ? 9 : 0;
		out.sack_perm = !!(i & 8);
		memset(words, 0xaa, sizeof(words));
		len = xtcp_options_len(&out);
		KUNIT_ASSERT_LE(test, len, 40);
		KUNIT_EXPECT_EQ(test, len % 4, 0);
		xtcp_options_write(words, &out);
		KUNIT_EXPECT_EQ(test, (__force u32)words[len / 4], 0xaaaaaaaa);
		xtcp_options_parse((u8 *)words, len, &in);
		KUNIT_EXPECT_EQ(test, in.mss, out.mss);
		KUNIT_EXPECT_EQ(test, !!in.has_ts, !!out.has_ts);
		KUNIT_EXPECT_EQ(test, in.tsval, out.tsval);
		KUNIT_EXPECT_EQ(test, in.tsecr, out.tsecr);
		KUNIT_EXPECT_EQ(test, !!in.has_wscale, !!out.has_wscale);
		KUNIT_EXPECT_EQ(test, in.wscale, out.wscale);
		KUNIT_EXPECT_EQ(test, !!in.sack_perm, !!out.sack_perm);
	}
}

/* The layout of RFC 7323 appendix A, which receivers have fast paths for. */
static void options_write__timestamps_as_rfc7323(struct kunit *test)
{
	struct xtcp_options opt = { .has_ts = 1, .tsval = 1, .tsecr = 2 };
	static const u8 want[] = { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 };
	__be32 words[10] = { };

	xtcp_options_write(words, &opt);
	KUNIT_EXPECT_MEMEQ(test, words, want, sizeof(want));
}

static struct kunit_case options_cases[] = {
	KUNIT_CASE(options_parse__none),
	KUNIT_CASE(options_parse__mss),
	KUNIT_CASE(options_parse__wscale),
	KUNIT_CASE(options_parse__wscale_zero_is_an_offer),
	KUNIT_CASE(options_parse__wscale_over_14),
	KUNIT_CASE(options_parse__sack_permitted),
	KUNIT_CASE(options_parse__timestamps),
	KUNIT_CASE(options_parse__syn_of_linux),
	KUNIT_CASE(options_parse__end_of_list_ends),
	KUNIT_CASE(options_parse__only_nops),
	KUNIT_CASE(options_parse__unknown_is_skipped),
	KUNIT_CASE(options_parse__length_0_ends),
	KUNIT_CASE(options_parse__length_1_ends),
	KUNIT_CASE(options_parse__length_beyond_header_ends),
	KUNIT_CASE(options_parse__kind_without_length_ends),
	KUNIT_CASE(options_parse__wrong_length_of_known_kind),
	KUNIT_CASE(options_parse__all_40_octets),
	KUNIT_CASE(options_parse__fastopen),
	KUNIT_CASE(options_parse__fastopen_asked_for),
	KUNIT_CASE(options_parse__fastopen_of_no_legal_length),
	KUNIT_CASE(options_write__fastopen),
	KUNIT_CASE(options_len__each),
	KUNIT_CASE(options_write__round_trip),
	KUNIT_CASE(options_write__timestamps_as_rfc7323),
	{ }
};

static struct kunit_suite options_suite = {
	.name = "xtcp_options",
	.test_cases = options_cases,
};

kunit_test_suite(options_suite);
