// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent again, when, and how much else meanwhile: RFC 5681, 6298, 6582; which
 * requirement a case shows is said in congestion.md. Virtual time heals: what comes too
 * late comes all the same. So these bound the time, or count what was sent.
 */

#include "wire.h"

static struct wire *connected(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	wire_unlisten(w, B);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 400000), 0);
	wire_epoch(w);
	return w;
}

/* Segments of the test alone: the real B neither sees nor sends anything. */
static struct wire *puppet(struct kunit *test)
{
	struct wire *w = connected(test);

	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	/* An ACK that moves the window as well is no duplicate. */
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	return w;
}

static u32 flight(struct wire *w)
{
	return wire_xs(w, A)->tcb.snd_nxt - wire_xs(w, A)->tcb.snd_una;
}

static unsigned int sent(struct wire *w)
{
	return wire_count(w, A, WIRE_DATA);
}

/* The same, that echoes a timestamp @ahead ms ahead of the last one. */
static void ack_with_echo(struct wire *w, u32 ack, s32 ahead)
{
	u8 opt[XTCP_OLEN_TS_ALIGNED] = { XTCP_OPT_NOP, XTCP_OPT_NOP, XTCP_OPT_TS, XTCP_OLEN_TS };
	struct wire_inject in = {
		.from = B, .ctl = XTCP_ACK, .seq = 1, .ack = ack, .opt_len = sizeof(opt),
	};

	put_unaligned_be32(w->conn[0].tsval[B], opt + 4);
	put_unaligned_be32(w->conn[0].tsval[A] + ahead, opt + 8);
	memcpy(in.opt, opt, sizeof(opt));
	wire_inject_segment(w, &in);
}

/* --- round trips ---------------------------------------------------------------- */

/*
 * RFC 6298 3, 5: the round trip got longer than the RTO, and there are no timestamps.
 * The ACK of the first copy is no measurement; the doubled RTO stays until there is
 * one, and so the next segment is sent once, and measured.
 */
static void karn__round_trip_above_rto(struct kunit *test)
{
	struct wire *w = test->priv;
	struct xtcp_sock *xs;
	u32 before;
	int i;

	wire_knob(w, timestamps, 0);
	connected(test);
	xs = wire_xs(w, A);
	before = xs->rtt.srtt_us;
	wire_delay_ms(w, 150);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 350);
	WIRE_EQ(w, flight(w), 0);
	WIRE_EQ(w, sent(w), 2);
	WIRE_EQ(w, xs->rtt.srtt_us, before);
	for (i = 0; i < 3; i++) {
		WIRE_EQ(w, wire_send(w, A, 100), 100);
		wire_run_ms(w, 500);
		WIRE_EQ(w, flight(w), 0);
		WIRE_EQ(w, sent(w), 3 + i);
	}
	WIRE_EQ(w, xs->backoff, 0);
	WIRE_EQ(w, xs->rtt.rto_us > 300000, true);
}

/* The doubled RTO is that of the next segment, too. */
static void karn__backoff_is_kept(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	connected(test);
	wire_drop(w, A, WIRE_DATA, 1, 2);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 700);
	WIRE_EQ(w, flight(w), 0);
	wire_epoch(w);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 1000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 101:201 ack 1 -> x\n"
		    "0.800 ESTABLISHED -> P. 101:201 ack 1 -> ESTABLISHED\n"
		    "0.810 ESTABLISHED <- . 1 ack 201      <- ESTABLISHED\n");
}

/* With timestamps the ACK of a copy is a measurement (RFC 7323 4). */
static void karn__timestamps_end_it(struct kunit *test)
{
	struct wire *w = connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 2);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 700);
	WIRE_EQ(w, wire_xs(w, A)->backoff, 0);
}

/* What came in front of a hole waited until it was filled: that is no round trip. */
static void rtt__not_by_what_fills_a_hole(struct kunit *test)
{
	struct wire *w = test->priv;
	u32 before;

	wire_knob(w, timestamps, 0);
	connected(test);
	before = wire_xs(w, A)->rtt.srtt_us;
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	wire_run_ms(w, 100);
	WIRE_EQ(w, flight(w), 0);
	WIRE_EQ(w, wire_xs(w, A)->rtt.srtt_us, before);
}

/* The echo tells of the one that filled it. */
static void rtt__of_what_fills_a_hole(struct kunit *test)
{
	struct wire *w = connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	wire_run_ms(w, 100);
	WIRE_EQ(w, flight(w), 0);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.srtt_us, 1000), 20);
}

/* A timestamp that we never sent tells nothing, nor one of before the connection. */
static void rtt__impossible_echo(struct kunit *test)
{
	struct wire *w = puppet(test);
	/* Of the last one, which went 50 ms ago. */
	static const s32 ahead[] = { 51, 1000, S32_MAX, S32_MIN, -3600000 };
	int i;

	for (i = 0; i < ARRAY_SIZE(ahead); i++) {
		WIRE_EQ(w, wire_send(w, A, 1000), 1000);
		/* Sent twice, so that only the echo could tell. */
		wire_run_ms(w, (200 << i) + 50);
		ack_with_echo(w, 1001 + i * 1000, ahead[i]);
		WIRE_EQ(w, flight(w), 0);
		WIRE_EQ(w, wire_xs(w, A)->rtt.rto_us, 200000);
		WIRE_EQ(w, wire_xs(w, A)->backoff, i + 1);
	}
}

/* Of the SYN-ACK, at the server. */
static void rtt__syn_ack_sent_twice(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	connected(test);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, B)->rtt.srtt_us, 1000), 20);
	WIRE_EQ(w, wire_xs(w, B)->rtt.rto_us, 200000);
}

static void rtt__syn_ack_sent_twice_without_timestamps(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	connected(test);
	WIRE_EQ(w, wire_xs(w, B)->rtt.srtt_us, 0);
	WIRE_EQ(w, wire_xs(w, B)->rtt.rto_us, 3000000);
}

/* --- ACKs -------------------------------------------------------------------------- */

/* RFC 5681 4.2: what fills a gap is acknowledged at once, be it small. */
static void ack__gap_is_filled(struct kunit *test)
{
	struct wire *w = connected(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	wire_xs(w, B)->rcv.mss = 1000;
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	wire_late(w, A, WIRE_DATA, 1, 5);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 200);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1   -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 101:201 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1        <- ESTABLISHED\n"
		    "0.015 ESTABLISHED <- . 1 ack 201      <- ESTABLISHED\n");
}

static void ack__gap_is_filled_in_part(struct kunit *test)
{
	struct wire *w = connected(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	wire_xs(w, B)->rcv.mss = 1000;
	wire_inject(w, A, XTCP_ACK, .seq = 201, .ack = 1, .len = 100);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50);
	wire_run_ms(w, 5);
	WIRE_EXPECT(w,
		    "0.000 *           -> . 201:301 ack 1 -> ESTABLISHED\n"
		    "0.000 ...         <- . 1 ack 1       <- ESTABLISHED\n"
		    "0.000 *           -> . 1:51 ack 1    -> ESTABLISHED\n"
		    "0.000 ...         <- . 1 ack 51      <- ESTABLISHED\n");
}

/* A full segment and what is left behind it: that is all, and waits for an answer. */
static void ack__full_segment_and_a_part(struct kunit *test)
{
	struct wire *w = connected(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 1001), 1001);
	wire_run_ms(w, 200);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 1001:1002 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1002       <- ESTABLISHED\n");
}

WIRE_SUITES(xtcp_recovery_wire,
	KUNIT_CASE_SLOW(karn__round_trip_above_rto),
	KUNIT_CASE_SLOW(karn__backoff_is_kept),
	KUNIT_CASE_SLOW(karn__timestamps_end_it),
	KUNIT_CASE_SLOW(rtt__not_by_what_fills_a_hole),
	KUNIT_CASE_SLOW(rtt__of_what_fills_a_hole),
	KUNIT_CASE_SLOW(rtt__impossible_echo),
	KUNIT_CASE_SLOW(rtt__syn_ack_sent_twice),
	KUNIT_CASE_SLOW(rtt__syn_ack_sent_twice_without_timestamps),
	KUNIT_CASE_SLOW(ack__gap_is_filled),
	KUNIT_CASE_SLOW(ack__gap_is_filled_in_part),
	KUNIT_CASE_SLOW(ack__full_segment_and_a_part),
	{ }
);
