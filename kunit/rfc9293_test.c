// SPDX-License-Identifier: GPL-2.0
/*
 * Requirements of RFC 9293 that no other suite shows, without sockets. Which
 * case shows which requirement is said in rfc9293.md.
 */

#include <kunit/test.h>
#include <xtcp/net.h>
#include <xtcp/options.h>
#include <xtcp/knobs.h>
#include <xtcp/tcb.h>

enum {
	LARGEST = XTCP_WINDOW_MAX << XTCP_WSCALE_MAX,	/* 1 GiB, less 16 KiB */
};

static struct xtcp_tcb established(void)
{
	return (struct xtcp_tcb){
		.state = XTCP_ESTABLISHED,
		.snd_una = 1000, .snd_nxt = 1000, .snd_wnd = 1, .snd_wnd_max = 1,
		.snd_wl1 = 5000, .snd_wl2 = 1000,
		.rcv_nxt = 5000, .rcv_adv = 5000 + LARGEST, .last_ack_sent = 5000,
	};
}

static void ack_arrives(struct xtcp_tcb *tcb, u32 seq, u32 wnd, struct xtcp_verdict *v)
{
	struct xtcp_segment seg = {
		.ctl = XTCP_ACK, .seq = seq, .ack = 1000, .wnd = wnd,
	};

	xtcp_segment_arrives(tcb, &seg, 0, v);
}

/* MUST-1: 16 bits without a sign. */
static void window__is_unsigned(struct kunit *test)
{
	struct xtcp_tcb tcb = established();
	struct xtcp_verdict v;

	ack_arrives(&tcb, 5000, 0x8000, &v);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, 32768);
	ack_arrives(&tcb, 5000, 0xffff, &v);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, 65535);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd_max, 65535);
}

/* REC-1: scaled ones need 30 bits, in both directions. */
static void window__has_32_bits(struct kunit *test)
{
	struct xtcp_tcb tcb = established();
	struct xtcp_verdict v;

	tcb.snd_wscale = XTCP_WSCALE_MAX;
	ack_arrives(&tcb, 5000, 0xffff, &v);
	KUNIT_EXPECT_EQ(test, tcb.snd_wnd, LARGEST);
	KUNIT_EXPECT_EQ(test, xtcp_tcb_rcv_wnd(&tcb), LARGEST);
	ack_arrives(&tcb, 5000 + LARGEST, 0xffff, &v);
	KUNIT_EXPECT_EQ(test, v.drop, XTCP_DROP_NONE);
	ack_arrives(&tcb, 5000 + LARGEST + 1, 0xffff, &v);
	KUNIT_EXPECT_EQ(test, v.drop, XTCP_DROP_SEQUENCE);
}

/* MUST-64: no NOP brings them to a boundary of 32 bits, nor of 16. */
static void options__not_aligned(struct kunit *test)
{
	static const u8 octets[] = {
		3, 3, 7,
		8, 10, 0x01, 0x02, 0x03, 0x04, 0xf1, 0xf2, 0xf3, 0xf4,
		4, 2,
		2, 4, 0x05, 0xb4,
	};
	struct xtcp_options opt;

	xtcp_options_parse(octets, sizeof(octets), &opt);
	KUNIT_EXPECT_EQ(test, opt.wscale, 7);
	KUNIT_EXPECT_EQ(test, opt.tsval, 0x01020304);
	KUNIT_EXPECT_EQ(test, opt.tsecr, 0xf1f2f3f4);
	KUNIT_EXPECT_TRUE(test, opt.sack_perm);
	KUNIT_EXPECT_EQ(test, opt.mss, 1460);
}

/* All the options there are, in any combination. */
static struct xtcp_options combination(unsigned int which)
{
	return (struct xtcp_options){
		.mss = which & 1 ? 1460 : 0,
		.has_ts = !!(which & 2), .tsval = 0, .tsecr = 0,
		.has_wscale = !!(which & 4), .wscale = 7,
		.sack_perm = !!(which & 8),
	};
}

/*
 * MUST-68: each option we send but NOP has its length, and they fill the header
 * to its last word; so there is no end of list, and nothing to pad with zeros
 * behind it (MUST-69).
 */
static void options__lengths_and_padding(struct kunit *test)
{
	u8 octets[40] __aligned(4);
	unsigned int which, len, i;

	for (which = 0; which < 16; which++) {
		struct xtcp_options opt = combination(which);

		memset(octets, 0xff, sizeof(octets));
		len = xtcp_options_len(&opt);
		KUNIT_ASSERT_LE(test, len, sizeof(octets));
		KUNIT_EXPECT_EQ(test, len % 4, 0);
		xtcp_options_write((__be32 *)octets, &opt);
		for (i = 0; i < len; i += octets[i] == XTCP_OPT_NOP ? 1 : octets[i + 1]) {
			KUNIT_ASSERT_NE(test, octets[i], XTCP_OPT_EOL);
			KUNIT_ASSERT_TRUE(test, octets[i] == XTCP_OPT_NOP ||
					  (octets[i + 1] >= 2 && octets[i + 1] <= len - i));
		}
		KUNIT_EXPECT_EQ(test, i, len);
	}
}

#define ROW(name) xtcp_knobs_row(offsetof(struct xtcp_knobs, name))

/* MUST-40: nobody may delay an ACK by half a second. */
static void knobs__delayed_ack(struct kunit *test)
{
	KUNIT_EXPECT_LT(test, ROW(delack_ms)->max, 500);
}

/* SHLD-10, MUST-28 */
static void knobs__defaults(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, ROW(retries1)->value, 3);
	KUNIT_EXPECT_GE(test, ROW(keepalive_time_ms)->value, 2 * 3600 * 1000);
}

/* SHLD-11: with the shortest timeout there is, retries2 take 100 s all the same. */
static void knobs__r2(struct kunit *test)
{
	u64 rto_ms = ROW(rto_min_ms)->value, sum_ms = 0;
	unsigned int i;

	for (i = 0; i <= ROW(retries2)->value; i++) {
		sum_ms += rto_ms;
		rto_ms = min_t(u64, 2 * rto_ms, ROW(rto_max_ms)->value);
	}
	KUNIT_EXPECT_GE(test, sum_ms, 100000);
}

static struct kunit_case rfc9293_cases[] = {
	KUNIT_CASE(window__is_unsigned),
	KUNIT_CASE(window__has_32_bits),
	KUNIT_CASE(options__not_aligned),
	KUNIT_CASE(options__lengths_and_padding),
	KUNIT_CASE(knobs__delayed_ack),
	KUNIT_CASE(knobs__defaults),
	KUNIT_CASE(knobs__r2),
	{ }
};

static struct kunit_suite rfc9293_suite = {
	.name = "xtcp_rfc9293",
	.test_cases = rfc9293_cases,
};

kunit_test_suites(&rfc9293_suite);
