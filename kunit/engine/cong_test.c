// SPDX-License-Identifier: GPL-2.0
/* engine/cong.c and cong_reno.c: RFC 5681 with byte counting (RFC 3465). */

#include <kunit/test.h>
#include <xtcp/cong.h>

#define MSS 1000U

static void open_cong(struct xtcp_cong *cong)
{
	xtcp_cong_init(cong);
	xtcp_cong_start(cong, MSS, 10);
}

static void cong_start__initial_window(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 10 * MSS);
	KUNIT_EXPECT_EQ(test, cong.mss, MSS);
	KUNIT_EXPECT_EQ(test, cong.phase, XTCP_CONG_OPEN);
	KUNIT_EXPECT_EQ(test, cong.dupacks, 0);
	/* RFC 5681 3.1: arbitrarily high, so that slow start goes on to a loss. */
	KUNIT_EXPECT_GE(test, cong.ssthresh, 1U << 30);
}

/* As many segments as before, but as many octets where those would be more. */
static void cong_set_mss__windows(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	xtcp_cong_set_mss(&cong, 333);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 10 * 333);
	KUNIT_EXPECT_EQ(test, cong.ssthresh, U32_MAX);
	cong.ssthresh = 5 * 333;
	xtcp_cong_set_mss(&cong, 100);
	KUNIT_EXPECT_EQ(test, cong.ssthresh, 500);
	xtcp_cong_set_mss(&cong, 200);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 1000);
	KUNIT_EXPECT_EQ(test, cong.ssthresh, 500);
	xtcp_cong_set_mss(&cong, 1200);
	KUNIT_EXPECT_EQ(test, cong.mss, 1200);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 1200);
	KUNIT_EXPECT_EQ(test, cong.ssthresh, 2400);
}

/* What counts towards the next increase as well: one segment a window (RFC 5681 3.1). */
static void cong_set_mss__counted(struct kunit *test)
{
	struct xtcp_cong cong;
	int i;

	open_cong(&cong);
	cong.ssthresh = 2 * MSS;
	xtcp_cong_acked(&cong, 9 * MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 10 * MSS);
	xtcp_cong_set_mss(&cong, MSS / 10);
	KUNIT_EXPECT_EQ(test, cong.cwnd, MSS);
	for (i = 0; i < 10; i++)
		xtcp_cong_acked(&cong, MSS / 10, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, MSS + MSS / 10);
}

/* Equation (2): each ACK of a full segment adds one. */
static void cong_slow_start__one_segment(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	xtcp_cong_acked(&cong, MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 11 * MSS);
}

/* ACKs of tiny pieces must not inflate the window (ACK division, RFC 3465 2.1). */
static void cong_slow_start__counts_octets(struct kunit *test)
{
	struct xtcp_cong cong;
	int i;

	open_cong(&cong);
	for (i = 0; i < 10; i++)
		xtcp_cong_acked(&cong, MSS / 10, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 11 * MSS);
}

/* L = 2: a delayed ACK counts in full, a stretched one does not (RFC 3465 2.2). */
static void cong_slow_start__at_most_two_segments_an_ack(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	xtcp_cong_acked(&cong, 2 * MSS, true, 2, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 12 * MSS);
	xtcp_cong_acked(&cong, 10 * MSS, true, 2, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 14 * MSS);
	/* Without a limit whoever joins segments on the way in does not slow the sender down. */
	xtcp_cong_acked(&cong, 14 * MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 28 * MSS);
}

/* After a timeout one segment an ACK: L = 1 (RFC 3465 2.3). */
static void cong_slow_start__after_timeout(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	cong.phase = XTCP_CONG_LOSS;
	cong.cwnd = MSS;
	cong.ssthresh = 8 * MSS;
	xtcp_cong_acked(&cong, 2 * MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 2 * MSS);
}

/* One MSS for a window acknowledged, neither sooner nor more. */
static void cong_avoidance__one_segment_a_window(struct kunit *test)
{
	struct xtcp_cong cong;
	int i;

	open_cong(&cong);
	cong.ssthresh = 10 * MSS;
	for (i = 0; i < 9; i++)
		xtcp_cong_acked(&cong, MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 10 * MSS);
	xtcp_cong_acked(&cong, MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 11 * MSS);
	for (i = 0; i < 11; i++)
		xtcp_cong_acked(&cong, MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 12 * MSS);
}

/* What an ACK acknowledges beyond a window counts for the next one (RFC 3465 2.1). */
static void cong_avoidance__the_rest_counts(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	cong.ssthresh = 10 * MSS;
	xtcp_cong_acked(&cong, 9 * MSS, true, 0, 0);
	xtcp_cong_acked(&cong, 5 * MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 11 * MSS);
	xtcp_cong_acked(&cong, 7 * MSS - 1, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 11 * MSS);
	xtcp_cong_acked(&cong, 1, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 12 * MSS);
}

/* Slow start stops at ssthresh: below it the next ACK still adds. */
static void cong_slow_start__ends_at_ssthresh(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	cong.ssthresh = 11 * MSS;
	xtcp_cong_acked(&cong, MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 11 * MSS);
	xtcp_cong_acked(&cong, MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 11 * MSS);
	/* One ACK of all of them: the rest counts for what follows. */
	open_cong(&cong);
	cong.ssthresh = 11 * MSS;
	xtcp_cong_acked(&cong, 10 * MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 11 * MSS);
	xtcp_cong_acked(&cong, 2 * MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 12 * MSS);
}

/* A window not used says nothing about the path (RFC 7661, RFC 9293 3.8.2). */
static void cong_acked__not_limited_by_cwnd(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	xtcp_cong_acked(&cong, MSS, false, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 10 * MSS);
}

static void cong_acked__not_in_recovery(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	cong.phase = XTCP_CONG_RECOVERY;
	xtcp_cong_acked(&cong, MSS, true, 0, 0);
	KUNIT_EXPECT_EQ(test, cong.cwnd, 10 * MSS);
}

/* Equation (4): half of what is outstanding, not of cwnd. */
static void cong_ssthresh__half_of_flight(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	cong.cwnd = 40 * MSS;
	KUNIT_EXPECT_EQ(test, cong.ops->ssthresh(&cong, 20 * MSS), 10 * MSS);
}

static void cong_ssthresh__at_least_two_segments(struct kunit *test)
{
	struct xtcp_cong cong;

	open_cong(&cong);
	KUNIT_EXPECT_EQ(test, cong.ops->ssthresh(&cong, 3 * MSS), 2 * MSS);
	KUNIT_EXPECT_EQ(test, cong.ops->ssthresh(&cong, 0), 2 * MSS);
}

static void cong_init__is_reno(struct kunit *test)
{
	struct xtcp_cong cong;

	xtcp_cong_init(&cong);
	KUNIT_EXPECT_PTR_EQ(test, cong.ops, &xtcp_cong_reno);
	KUNIT_EXPECT_STREQ(test, cong.ops->name, "reno");
}

static struct kunit_case cong_cases[] = {
	KUNIT_CASE(cong_init__is_reno),
	KUNIT_CASE(cong_start__initial_window),
	KUNIT_CASE(cong_set_mss__windows),
	KUNIT_CASE(cong_set_mss__counted),
	KUNIT_CASE(cong_acked__not_limited_by_cwnd),
	KUNIT_CASE(cong_acked__not_in_recovery),
	KUNIT_CASE(cong_slow_start__one_segment),
	KUNIT_CASE(cong_slow_start__counts_octets),
	KUNIT_CASE(cong_slow_start__at_most_two_segments_an_ack),
	KUNIT_CASE(cong_slow_start__after_timeout),
	KUNIT_CASE(cong_slow_start__ends_at_ssthresh),
	KUNIT_CASE(cong_avoidance__one_segment_a_window),
	KUNIT_CASE(cong_avoidance__the_rest_counts),
	KUNIT_CASE(cong_ssthresh__half_of_flight),
	KUNIT_CASE(cong_ssthresh__at_least_two_segments),
	{ }
};

static struct kunit_suite cong_suite = {
	.name = "xtcp_cong",
	.test_cases = cong_cases,
};

kunit_test_suite(cong_suite);
