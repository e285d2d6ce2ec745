// SPDX-License-Identifier: GPL-2.0
/* open/cookie.c: the coding of SYN cookies, with secrets of the test's own. */

#include <kunit/test.h>
#include <xtcp/cookie.h>
#include <xtcp/flow.h>
#include <xtcp/net.h>
#include <xtcp/wire.h>

static const struct xtcp_secrets secrets = {
	.cookie = { .key = { 1, 2 } },
	.cookie_proof = { .key = { 3, 4 } },
};

enum {
	IRS	= 0x12345678,
	PERIOD	= 1000,
	CARRIED	= XTCP_COOKIE | XTCP_COOKIE_SACK | 7,
};

static struct xtcp_flow flow_of(u32 remote, u16 remote_port)
{
	struct xtcp_addrs4 addrs = {
		.local = htonl(0xc0000201), .remote = htonl(remote)
	};
	struct xtcp_flow_key key = {
		.net = &init_net,
		.addrs = &addrs,
		.local_port = htons(80),
		.remote_port = htons(remote_port),
		.family = AF_INET,
		.protocol = IPPROTO_XTCP,
	};
	struct xtcp_flow flow;

	xtcp_flow_init(&flow, XTCP_FLOW_REQUEST, &key);
	return flow;
}

#define PEER	0xc6336407

static u16 round_trip(const struct xtcp_flow *flow, u16 mss)
{
	u32 iss = xtcp_cookie_make(flow, &secrets, IRS, mss, CARRIED, PERIOD);

	return xtcp_cookie_check(flow, &secrets, IRS, iss, CARRIED, PERIOD);
}

/* Exact for what is common, and never above what the peer takes. */
static void cookie__mss_is_never_rounded_up(struct kunit *test)
{
	static const u16 common[] = { 48, 536, 1220, 1300, 1360, 1400, 1452, 1460 };
	struct xtcp_flow flow = flow_of(PEER, 40000);
	unsigned int mss, i;

	for (i = 0; i < ARRAY_SIZE(common); i++)
		KUNIT_EXPECT_EQ(test, round_trip(&flow, common[i]), common[i]);
	for (mss = XTCP_MSS_MIN; mss <= U16_MAX; mss++) {
		if (round_trip(&flow, mss) - 1U < mss)
			continue;
		KUNIT_FAIL(test, "%u became %u\n", mss, round_trip(&flow, mss));
		return;
	}
}

static void cookie__mss_ipv6(struct kunit *test)
{
	static const u16 common[] = { 48, 536, 1220, 1280, 1360, 1400, 1432, 1440 };
	struct {
		struct xtcp_addrs6 addrs;
		struct xtcp_flow flow;
	} six = {
		.addrs.remote = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 } } },
		.flow.family = AF_INET6,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(common); i++)
		KUNIT_EXPECT_EQ(test, round_trip(&six.flow, common[i]), common[i]);
	KUNIT_EXPECT_EQ(test, round_trip(&six.flow, 1219), 536);
	KUNIT_EXPECT_EQ(test, round_trip(&six.flow, 9000), 1440);
}

static void cookie__any_bit_of_it_flipped_fails(struct kunit *test)
{
	struct xtcp_flow flow = flow_of(PEER, 40000);
	u32 iss = xtcp_cookie_make(&flow, &secrets, IRS, 1460, CARRIED, PERIOD);
	int bit;

	for (bit = 0; bit < 32; bit++) {
		KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&flow, &secrets, IRS,
							   iss ^ BIT(bit), CARRIED, PERIOD));
		KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&flow, &secrets, IRS ^ BIT(bit),
							   iss, CARRIED, PERIOD));
	}
}

/* The peer cannot choose other options, nor do without the timestamp. */
static void cookie__any_bit_carried_flipped_fails(struct kunit *test)
{
	struct xtcp_flow flow = flow_of(PEER, 40000);
	u32 iss = xtcp_cookie_make(&flow, &secrets, IRS, 1460, CARRIED, PERIOD);
	int bit;

	for (bit = 0; bit < 8; bit++)
		KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&flow, &secrets, IRS, iss,
							   CARRIED ^ BIT(bit), PERIOD));
}

static void cookie__of_another_connection_fails(struct kunit *test)
{
	struct xtcp_flow flow = flow_of(PEER, 40000), other = flow_of(PEER + 1, 40000);
	u32 iss = xtcp_cookie_make(&flow, &secrets, IRS, 1460, CARRIED, PERIOD);

	KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&other, &secrets, IRS, iss, CARRIED,
						   PERIOD));
	other = flow_of(PEER, 40001);
	KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&other, &secrets, IRS, iss, CARRIED,
						   PERIOD));
	other = flow;
	other.protocol = IPPROTO_TCP;
	KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&other, &secrets, IRS, iss, CARRIED,
						   PERIOD));
}

static void cookie__of_other_secrets_fails(struct kunit *test)
{
	struct xtcp_secrets mask = secrets, proof = secrets;
	struct xtcp_flow flow = flow_of(PEER, 40000);
	u32 iss = xtcp_cookie_make(&flow, &secrets, IRS, 1460, CARRIED, PERIOD);

	mask.cookie.key[0]++;
	proof.cookie_proof.key[0]++;
	KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&flow, &mask, IRS, iss, CARRIED, PERIOD));
	KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&flow, &proof, IRS, iss, CARRIED, PERIOD));
}

/* This period and the next; also when the number has wrapped all of its bits. */
static void cookie__lives_two_periods(struct kunit *test)
{
	static const u32 made[] = { 1000, 255, 256, U32_MAX };
	struct xtcp_flow flow = flow_of(PEER, 40000);
	unsigned int i;
	u32 iss, age;

	for (i = 0; i < ARRAY_SIZE(made); i++) {
		iss = xtcp_cookie_make(&flow, &secrets, IRS, 1460, CARRIED, made[i]);
		for (age = 0; age < 600; age++)
			KUNIT_EXPECT_EQ(test, xtcp_cookie_check(&flow, &secrets, IRS, iss,
								CARRIED, made[i] + age),
					age < 2 ? 1460 : 0);
		KUNIT_EXPECT_EQ(test, 0, xtcp_cookie_check(&flow, &secrets, IRS, iss,
							   CARRIED, made[i] - 1));
	}
}

static void cookie_period__counts_lifetimes(struct kunit *test)
{
	u64 second = NSEC_PER_SEC;

	KUNIT_EXPECT_EQ(test, xtcp_cookie_period(0, 60000), 0);
	KUNIT_EXPECT_EQ(test, xtcp_cookie_period(60 * second - 1, 60000), 0);
	KUNIT_EXPECT_EQ(test, xtcp_cookie_period(60 * second, 60000), 1);
	KUNIT_EXPECT_EQ(test, xtcp_cookie_period(7 * second - 1, 1000), 6);
	KUNIT_EXPECT_EQ(test, xtcp_cookie_period(7 * second, 1000), 7);
}

/* What goes in comes out: every shift, and none, with SACK and without. */
static void cookie_options__round_trip(struct kunit *test)
{
	struct xtcp_options in, out;
	unsigned int i;

	for (i = 0; i < 32; i++) {
		in = (struct xtcp_options){
			.has_ts = 1,
			.has_wscale = (i & 15) <= XTCP_WSCALE_MAX,
			.wscale = i & 15,
			.sack_perm = i >> 4,
		};
		xtcp_cookie_options(xtcp_cookie_carried(&in), &out);
		KUNIT_EXPECT_TRUE(test, out.has_ts);
		KUNIT_EXPECT_EQ(test, !!out.sack_perm, !!in.sack_perm);
		KUNIT_EXPECT_EQ(test, !!out.has_wscale, !!in.has_wscale);
		if (in.has_wscale)
			KUNIT_EXPECT_EQ(test, out.wscale, in.wscale);
	}
}

static void cookie_options__nothing_without_timestamp(struct kunit *test)
{
	struct xtcp_options opt = { .has_wscale = 1, .wscale = 7, .sack_perm = 1 };

	xtcp_cookie_options(xtcp_cookie_carried(&opt), &opt);
	KUNIT_EXPECT_FALSE(test, opt.has_ts);
	KUNIT_EXPECT_FALSE(test, opt.has_wscale);
	KUNIT_EXPECT_FALSE(test, opt.sack_perm);
}

/* It carries the bits, is never of the future, nor older than it must be. */
static void cookie_tsval__never_goes_back(struct kunit *test)
{
	u32 now, tsval, last, bits;

	for (bits = 0; bits <= XTCP_COOKIE_TS_BITS; bits++) {
		last = -300U - 64;
		for (now = -300U; now != 300; now++) {
			tsval = xtcp_cookie_tsval(now, XTCP_COOKIE | bits);
			KUNIT_EXPECT_EQ(test, tsval & XTCP_COOKIE_TS_BITS, bits);
			KUNIT_EXPECT_LE(test, now - tsval, (u32)XTCP_COOKIE_TS_BITS);
			KUNIT_EXPECT_TRUE(test, xtcp_seq_leq(last, tsval));
			last = tsval;
		}
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cookie__mss_is_never_rounded_up),
	KUNIT_CASE(cookie__mss_ipv6),
	KUNIT_CASE(cookie__any_bit_of_it_flipped_fails),
	KUNIT_CASE(cookie__any_bit_carried_flipped_fails),
	KUNIT_CASE(cookie__of_another_connection_fails),
	KUNIT_CASE(cookie__of_other_secrets_fails),
	KUNIT_CASE(cookie__lives_two_periods),
	KUNIT_CASE(cookie_period__counts_lifetimes),
	KUNIT_CASE(cookie_options__round_trip),
	KUNIT_CASE(cookie_options__nothing_without_timestamp),
	KUNIT_CASE(cookie_tsval__never_goes_back),
	{ }
};

static struct kunit_suite suite = {
	.name = "xtcp_cookie",
	.test_cases = cases,
};

kunit_test_suite(suite);
