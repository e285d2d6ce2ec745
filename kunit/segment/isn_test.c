// SPDX-License-Identifier: GPL-2.0
/* segment/isn.c: F against vectors of another siphash, M against RFC 6528's clock. */

#include <kunit/test.h>
#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <net/net_namespace.h>
#include <xtcp/admin.h>
#include <xtcp/flow.h>
#include <xtcp/isn.h>
#include <xtcp/knobs.h>
#include <xtcp/net.h>
#include <uapi/linux/xtcp.h>

/* The key of the SipHash paper: octets 00 01 02 ... 0f. */
static const siphash_key_t paper_key = {
	.key = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL },
};

static void flow_of(struct xtcp_flow *flow, u32 local, u16 local_port, u32 remote,
		    u16 remote_port)
{
	struct xtcp_addrs4 addrs = { .local = htonl(local), .remote = htonl(remote) };
	struct xtcp_flow_key key = {
		.net = &init_net,
		.addrs = &addrs,
		.local_port = htons(local_port),
		.remote_port = htons(remote_port),
		.family = AF_INET,
		.protocol = IPPROTO_XTCP,
	};

	xtcp_flow_init(flow, XTCP_FLOW_SOCKET, &key);
}

#define LOCAL	0xc0000201	/* 192.0.2.1 */
#define REMOTE	0xc6336407	/* 198.51.100.7 */

/*
 * Expected values: SipHash-2-4 written from the paper in Python over local
 * address, local port, remote address, remote port in network order; the low
 * 32 bits.
 */
static void isn_hash__ipv4_vector(struct kunit *test)
{
	struct xtcp_flow flow;

	flow_of(&flow, LOCAL, 49152, REMOTE, 80);
	KUNIT_EXPECT_EQ(test, xtcp_isn_hash(&flow, &paper_key), 0x90046c87);
}

static void isn_hash__ends_are_not_symmetric(struct kunit *test)
{
	struct xtcp_flow flow;

	flow_of(&flow, REMOTE, 80, LOCAL, 49152);
	KUNIT_EXPECT_EQ(test, xtcp_isn_hash(&flow, &paper_key), 0xfb4d5aa0);
}

static void isn_hash__next_port(struct kunit *test)
{
	struct xtcp_flow flow;

	flow_of(&flow, LOCAL, 49153, REMOTE, 80);
	KUNIT_EXPECT_EQ(test, xtcp_isn_hash(&flow, &paper_key), 0x1fe41a34);
}

static void isn_hash__other_secret(struct kunit *test)
{
	siphash_key_t zero = { };
	struct xtcp_flow flow;

	flow_of(&flow, LOCAL, 49152, REMOTE, 80);
	KUNIT_EXPECT_EQ(test, xtcp_isn_hash(&flow, &zero), 0x4bd41e59);
}

static void isn_hash__ipv6_vector(struct kunit *test)
{
	struct {
		struct xtcp_addrs6 addrs;
		struct xtcp_flow flow;
	} six = {
		.addrs.local = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } },
		.addrs.remote = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 } } },
		.flow.family = AF_INET6,
		.flow.local_port = htons(49152),
		.flow.remote_port = htons(443),
	};

	KUNIT_EXPECT_EQ(test, xtcp_isn_hash(&six.flow, &paper_key), 0x9967358);
}

static void isn_clock__second_is_250000_ticks(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, xtcp_isn_clock(NSEC_PER_SEC, 4000), 250000);
}

static void isn_clock__ticks_every_4_us(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, xtcp_isn_clock(3999, 4000), 0);
	KUNIT_EXPECT_EQ(test, xtcp_isn_clock(4000, 4000), 1);
	KUNIT_EXPECT_EQ(test, xtcp_isn_clock(7999, 4000), 1);
}

/* 2^32 ticks of 4 us: 4 h 46 min 19.869184 s. */
static void isn_clock__wraps_after_4_77_hours(struct kunit *test)
{
	u64 wrap = 17179869184ULL * NSEC_PER_USEC;

	KUNIT_EXPECT_EQ(test, xtcp_isn_clock(wrap - 1, 4000), U32_MAX);
	KUNIT_EXPECT_EQ(test, xtcp_isn_clock(wrap, 4000), 0);
	KUNIT_EXPECT_EQ(test, xtcp_isn_clock(wrap + 4000, 4000), 1);
}

static void isn_clock__other_tick(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, xtcp_isn_clock(NSEC_PER_SEC, 64), 15625000);
}

/* ISN = M + F: what is left after F is taken away is the clock. */
static void isn_new__is_clock_plus_hash(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	struct xtcp_flow flow;
	u32 before, m, after;

	flow_of(&flow, LOCAL, 49152, REMOTE, 80);
	before = xtcp_isn_clock(ktime_get_ns(), 4000);
	m = xtcp_isn_new(xn, &flow, XTCP_ISN_RFC6528) - xtcp_isn_hash(&flow, &xn->secrets.isn);
	after = xtcp_isn_clock(ktime_get_ns(), 4000);
	KUNIT_EXPECT_LE(test, m - before, after - before);
}

/* An octet a tick: a later life of the same flow begins above the first. */
static void isn_new__grows_250000_a_second(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	ktime_t second = NSEC_PER_SEC;
	struct xtcp_flow flow;
	u32 first, grown;

	flow_of(&flow, LOCAL, 49152, REMOTE, 80);
	first = xtcp_isn_new(xn, &flow, XTCP_ISN_RFC6528);
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_hrtimeout(&second, HRTIMER_MODE_REL);
	grown = xtcp_isn_new(xn, &flow, XTCP_ISN_RFC6528) - first;
	KUNIT_EXPECT_GE(test, grown, 250000);
	KUNIT_EXPECT_LT(test, grown, 250100);
}

/* RFC 7323 5.4: of each connection its own, so that none tells of another. */
static void isn_ts_offset__differs_by_port(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	struct xtcp_flow one, two;

	flow_of(&one, LOCAL, 49152, REMOTE, 80);
	flow_of(&two, LOCAL, 50000, REMOTE, 443);
	KUNIT_EXPECT_NE(test, xtcp_isn_ts_offset(xn, &one),
			xtcp_isn_ts_offset(xn, &two));
}

/* Each has a secret of its own: who reads one, as all peers do, learns nothing of the other. */
static void isn_ts_offset__has_its_own_secret(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	struct xtcp_flow flow;
	u32 offset;

	flow_of(&flow, LOCAL, 49152, REMOTE, 80);
	offset = xtcp_isn_ts_offset(xn, &flow);
	KUNIT_EXPECT_NE(test, offset, xtcp_isn_hash(&flow, &xn->secrets.isn));
	xtcp_isn_draw(xn);
	KUNIT_EXPECT_EQ(test, xtcp_isn_ts_offset(xn, &flow), offset);
}

static int write_redraw(struct xtcp_net *xn)
{
	xn->knobs.isn_redraw = 1;
	xtcp_sysctl_changed(xn, offsetof(struct xtcp_knobs, isn_redraw));
	return xn->knobs.isn_redraw;
}

/* M is the clock: between two calls it may tick once or twice. */
static bool near(u32 a, u32 b)
{
	return b - a < 1000;
}

static void isn_redraw__draws_another_secret(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	struct xtcp_flow flow;
	u32 before;

	flow_of(&flow, LOCAL, 49152, REMOTE, 80);
	before = xtcp_isn_new(xn, &flow, XTCP_ISN_RFC6528);
	KUNIT_EXPECT_TRUE(test, near(before, xtcp_isn_new(xn, &flow, XTCP_ISN_RFC6528)));
	KUNIT_EXPECT_EQ(test, write_redraw(xn), 0);
	KUNIT_EXPECT_FALSE(test, near(before, xtcp_isn_new(xn, &flow, XTCP_ISN_RFC6528)));
}

static void isn_mode__random_and_constant(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	struct xtcp_flow flow;
	u32 first;

	flow_of(&flow, LOCAL, 49152, REMOTE, 80);
	first = xtcp_isn_new(xn, &flow, XTCP_ISN_CONSTANT);
	KUNIT_EXPECT_EQ(test, xtcp_isn_new(xn, &flow, XTCP_ISN_CONSTANT), first);
	first = xtcp_isn_new(xn, &flow, XTCP_ISN_RANDOM);
	KUNIT_EXPECT_FALSE(test, near(first, xtcp_isn_new(xn, &flow, XTCP_ISN_RANDOM)));
}

/* timestamps=2: the clock as it is. */
static void isn_ts_offset__none_by_knob(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	u32 before = xn->knobs.timestamps;
	struct xtcp_flow flow;

	flow_of(&flow, LOCAL, 49152, REMOTE, 80);
	WRITE_ONCE(xn->knobs.timestamps, 2);
	KUNIT_EXPECT_EQ(test, xtcp_isn_ts_offset(xn, &flow), 0);
	WRITE_ONCE(xn->knobs.timestamps, before);
	KUNIT_EXPECT_NE(test, xtcp_isn_ts_offset(xn, &flow), 0);
}

static void isn_ts_offset__differs_by_address(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	struct xtcp_flow one, two;

	flow_of(&one, LOCAL, 49152, REMOTE, 80);
	flow_of(&two, LOCAL, 49152, REMOTE + 1, 80);
	KUNIT_EXPECT_NE(test, xtcp_isn_ts_offset(xn, &one),
			xtcp_isn_ts_offset(xn, &two));
}

static struct kunit_case isn_cases[] = {
	KUNIT_CASE(isn_hash__ipv4_vector),
	KUNIT_CASE(isn_hash__ends_are_not_symmetric),
	KUNIT_CASE(isn_hash__next_port),
	KUNIT_CASE(isn_hash__other_secret),
	KUNIT_CASE(isn_hash__ipv6_vector),
	KUNIT_CASE(isn_clock__second_is_250000_ticks),
	KUNIT_CASE(isn_clock__ticks_every_4_us),
	KUNIT_CASE(isn_clock__wraps_after_4_77_hours),
	KUNIT_CASE(isn_clock__other_tick),
	KUNIT_CASE(isn_new__is_clock_plus_hash),
	KUNIT_CASE_SLOW(isn_new__grows_250000_a_second),
	KUNIT_CASE(isn_ts_offset__differs_by_port),
	KUNIT_CASE(isn_ts_offset__differs_by_address),
	KUNIT_CASE(isn_ts_offset__none_by_knob),
	KUNIT_CASE(isn_ts_offset__has_its_own_secret),
	KUNIT_CASE(isn_redraw__draws_another_secret),
	KUNIT_CASE(isn_mode__random_and_constant),
	{ }
};

static struct kunit_suite isn_suite = {
	.name = "xtcp_isn",
	.test_cases = isn_cases,
};

kunit_test_suite(isn_suite);
