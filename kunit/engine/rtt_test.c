// SPDX-License-Identifier: GPL-2.0
/* engine/rtt.c: RFC 6298, every figure worked out by hand. */

#include <kunit/test.h>
#include <linux/time64.h>
#include <xtcp/rtt.h>

/* Bounds that do not interfere. */
#define MIN_MS 1
#define MAX_MS 120000

static void rtt_init__rto_is_initial(struct kunit *test)
{
	struct xtcp_rtt rtt = { .srtt_us = 1, .rttvar_us = 2, .min_us = 3 };

	xtcp_rtt_init(&rtt, 1000);
	KUNIT_EXPECT_EQ(test, rtt.srtt_us, 0);
	KUNIT_EXPECT_EQ(test, rtt.rttvar_us, 0);
	KUNIT_EXPECT_EQ(test, rtt.rto_us, 1000000);
}

/* (2.2) R = 100 ms: SRTT = 100, RTTVAR = 50, RTO = 100 + 4 * 50 = 300. */
static void rtt_sample__first(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	xtcp_rtt_sample(&rtt, 100000, MIN_MS, MAX_MS);
	KUNIT_EXPECT_EQ(test, rtt.srtt_us, 100000);
	KUNIT_EXPECT_EQ(test, rtt.rttvar_us, 50000);
	KUNIT_EXPECT_EQ(test, rtt.rto_us, 300000);
	KUNIT_EXPECT_EQ(test, rtt.min_us, 100000);
}

/*
 * (2.3) then R' = 180 ms: RTTVAR = 3/4 * 50 + 1/4 * |100 - 180| = 57.5,
 * SRTT = 7/8 * 100 + 1/8 * 180 = 110, RTO = 110 + 230 = 340. The variance is
 * taken from the old SRTT: from the new one it would be 55.
 */
static void rtt_sample__second_is_slower(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	xtcp_rtt_sample(&rtt, 100000, MIN_MS, MAX_MS);
	xtcp_rtt_sample(&rtt, 180000, MIN_MS, MAX_MS);
	KUNIT_EXPECT_EQ(test, rtt.rttvar_us, 57500);
	KUNIT_EXPECT_EQ(test, rtt.srtt_us, 110000);
	KUNIT_EXPECT_EQ(test, rtt.rto_us, 340000);
	KUNIT_EXPECT_EQ(test, rtt.min_us, 100000);
}

/* R' = 20 ms: RTTVAR = 37.5 + 20 = 57.5, SRTT = 87.5 + 2.5 = 90, RTO = 320. */
static void rtt_sample__second_is_faster(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	xtcp_rtt_sample(&rtt, 100000, MIN_MS, MAX_MS);
	xtcp_rtt_sample(&rtt, 20000, MIN_MS, MAX_MS);
	KUNIT_EXPECT_EQ(test, rtt.rttvar_us, 57500);
	KUNIT_EXPECT_EQ(test, rtt.srtt_us, 90000);
	KUNIT_EXPECT_EQ(test, rtt.rto_us, 320000);
	KUNIT_EXPECT_EQ(test, rtt.min_us, 20000);
}

/* A path that never varies: RTTVAR goes to 0, RTO to SRTT, never below it. */
static void rtt_sample__steady_path(struct kunit *test)
{
	struct xtcp_rtt rtt;
	int i;

	xtcp_rtt_init(&rtt, 1000);
	for (i = 0; i < 100; i++)
		xtcp_rtt_sample(&rtt, 50000, MIN_MS, MAX_MS);
	KUNIT_EXPECT_EQ(test, rtt.srtt_us, 50000);
	KUNIT_EXPECT_LE(test, rtt.rttvar_us, 4);
	KUNIT_EXPECT_GT(test, rtt.rto_us, 50000);
	KUNIT_EXPECT_LE(test, rtt.rto_us, 50020);
}

/* (2.4) RTO is rounded up to the minimum. */
static void rtt_sample__floor(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	xtcp_rtt_sample(&rtt, 10000, 200, MAX_MS);
	KUNIT_EXPECT_EQ(test, rtt.rto_us, 200000);
}

/* (2.5) and has a maximum. */
static void rtt_sample__ceiling(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	xtcp_rtt_sample(&rtt, 50000000, 200, 60000);
	KUNIT_EXPECT_EQ(test, rtt.rto_us, 60000000);
}

/* 0 means "not measured yet": a round trip below the clock's grain is no 0. */
static void rtt_sample__zero_counts_as_measured(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	xtcp_rtt_sample(&rtt, 0, MIN_MS, MAX_MS);
	KUNIT_EXPECT_NE(test, rtt.srtt_us, 0);
	KUNIT_EXPECT_EQ(test, rtt.rto_us, MIN_MS * USEC_PER_MSEC);
}

/* Nothing overflows on the way: 2^32 us are 71 minutes. */
static void rtt_sample__hour_long(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	xtcp_rtt_sample(&rtt, 100000, 200, MAX_MS);
	xtcp_rtt_sample(&rtt, 4000000000U, 200, MAX_MS);
	KUNIT_EXPECT_EQ(test, rtt.rto_us, MAX_MS * USEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, rtt.srtt_us, 4000000000U);
}

/* (5.5) doubles */
static void rtt_rto__doubles(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 0, MAX_MS), 1ULL * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 1, MAX_MS), 2ULL * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 5, MAX_MS), 32ULL * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 6, MAX_MS), 64ULL * NSEC_PER_SEC);
}

static void rtt_rto__bounded(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 7, MAX_MS), 120ULL * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 15, MAX_MS), 120ULL * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 3, 4000), 4ULL * NSEC_PER_SEC);
}

/* A shift by 64 and more would be undefined, or begin anew at 1 s. */
static void rtt_rto__many_doublings(struct kunit *test)
{
	struct xtcp_rtt rtt;

	xtcp_rtt_init(&rtt, 1000);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 63, MAX_MS), 120ULL * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 64, MAX_MS), 120ULL * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, xtcp_rtt_rto_ns(&rtt, 255, MAX_MS), 120ULL * NSEC_PER_SEC);
}

static struct kunit_case rtt_cases[] = {
	KUNIT_CASE(rtt_init__rto_is_initial),
	KUNIT_CASE(rtt_sample__first),
	KUNIT_CASE(rtt_sample__second_is_slower),
	KUNIT_CASE(rtt_sample__second_is_faster),
	KUNIT_CASE(rtt_sample__steady_path),
	KUNIT_CASE(rtt_sample__floor),
	KUNIT_CASE(rtt_sample__ceiling),
	KUNIT_CASE(rtt_sample__zero_counts_as_measured),
	KUNIT_CASE(rtt_sample__hour_long),
	KUNIT_CASE(rtt_rto__doubles),
	KUNIT_CASE(rtt_rto__bounded),
	KUNIT_CASE(rtt_rto__many_doublings),
	{ }
};

static struct kunit_suite rtt_suite = {
	.name = "xtcp_rtt",
	.test_cases = rtt_cases,
};

kunit_test_suite(rtt_suite);
