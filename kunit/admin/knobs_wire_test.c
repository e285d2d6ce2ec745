// SPDX-License-Identifier: GPL-2.0
/*
 * What the knobs and the options of SOL_XTCP do to real connections, as
 * ladders: retry schedules, other handshakes, other ISNs, whole queues, the
 * length and the reuse of TIME_WAIT.
 */

#include <linux/tcp.h>
#include <xtcp/admin.h>
#include <xtcp/knobs.h>
#include <xtcp/request.h>
#include <xtcp/timewait.h>
#include "../wire.h"

static int requests(void)
{
	return atomic_read(&xtcp_net(&init_net)->requests);
}

static int time_waits(void)
{
	return atomic_read(&xtcp_net(&init_net)->time_waits);
}

/* --- when a SYN or SYN-ACK is sent again ----------------------------------- */

static void syn_lost__linear_timeouts(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, syn_linear_timeouts, 2);
	wire_knob(w, syn_retries, 2);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0 -> x\n"
		    "1.000 SYN_SENT -> S 0 -> x\n"
		    "2.000 SYN_SENT -> S 0 -> x\n"
		    "3.000 SYN_SENT -> S 0 -> x\n"
		    "5.000 SYN_SENT -> S 0 -> x\n");
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 9000);
}

static void synack_lost__linear_timeouts(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, synack_linear_timeouts, 2);
	wire_knob(w, synack_retries, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	wire_run_ms(w, 4999);
	WIRE_EQ(w, requests(), 1);
	wire_run_ms(w, 2);
	WIRE_EQ(w, requests(), 0);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0        -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "2.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "3.000 x <- S. 0 ack 1 <- SYN_RCVD\n");
}

/* What the administrator turns down holds for who waits already: it counts from the last SYN-ACK. */
static void turned_down(struct kunit *test, const char *name)
{
	struct wire *w = test->priv;

	wire_knob(w, rto_init_ms, 20000);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	wire_run_ms(w, 3000);
	WIRE_EQ(w, wire_write_knob(name, "4000"), 0);
	wire_run_ms(w, 2000);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0        -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "4.000 x <- S. 0 ack 1 <- SYN_RCVD\n");
}

static void synack_lost__rto_init_turned_down(struct kunit *test)
{
	turned_down(test, "rto_init_ms");
}

static void synack_lost__rto_max_turned_down(struct kunit *test)
{
	turned_down(test, "rto_max_ms");
}

/* SOL_XTCP: this socket alone; another one keeps to the knobs. */
static void syn_lost__own_schedule(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_SYN_RETRIES, 3), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_RTO_INIT_MS, 300), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_RTO_MAX_MS, 1000), 0);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0 -> x\n"
		    "0.300 SYN_SENT -> S 0 -> x\n"
		    "0.900 SYN_SENT -> S 0 -> x\n"
		    "1.900 SYN_SENT -> S 0 -> x\n");
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 2900);
}

/* sysctl(8): holds at once, for who waits already. */
static void knob_is_changed(struct wire *w, size_t offset)
{
	xtcp_sysctl_changed(w->xn, offset);
}

static void synack_lost__knob_set_meanwhile(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	wire_run_ms(w, 300);
	wire_knob(w, rto_init_ms, 400);
	knob_is_changed(w, offsetof(struct xtcp_knobs, rto_init_ms));
	wire_run_ms(w, 200);
	wire_knob(w, rto_max_ms, 600);
	knob_is_changed(w, offsetof(struct xtcp_knobs, rto_max_ms));
	wire_run_ms(w, 800);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0        -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.400 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.000 x <- S. 0 ack 1 <- SYN_RCVD\n");
}

/* Its requests wait in queues of their own; -1 gives them back to the knobs. */
static void synack_lost__own_schedule(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_SYNACK_RETRIES, 2), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_RTO_INIT_MS, 200), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	wire_run_ms(w, 300);
	/* Changed while one waits: 200 ms have passed, 100 remain of the next 200. */
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_RTO_INIT_MS, 100), 0);
	wire_run_ms(w, 99);
	WIRE_EQ(w, requests(), 1);
	wire_run_ms(w, 2000);
	WIRE_EQ(w, requests(), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_RTO_INIT_MS, -1), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_SYNACK_RETRIES, -1), 0);
	wire_inject(w, A, XTCP_SYN, .conn = 1);
	wire_run_ms(w, 1500);
	WIRE_EQ(w, requests(), 1);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0        -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.200 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.400 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "2.399 * -> #1 S 0        -> SYN_RCVD\n"
		    "2.399 x <- #1 S. 0 ack 1 <- SYN_RCVD\n"
		    "3.399 x <- #1 S. 0 ack 1 <- SYN_RCVD\n");
}

/* It closes while they wait: its queues go with it. */
static void synack_lost__own_schedule_listener_closes(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_RTO_INIT_MS, 200), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	wire_inject(w, A, XTCP_SYN, .conn = 1);
	wire_run_ms(w, 300);
	WIRE_EQ(w, requests(), 2);
	wire_unlisten(w, B);
	WIRE_EQ(w, requests(), 0);
	wire_run_ms(w, 1000);
}

/* --- other handshakes -------------------------------------------------------- */

/* The ladder knows an ISN from the SYN on, so here it must be known before. */
static void four_ways(struct wire *w)
{
	wire_knob(w, handshake_ways, 4);
	wire_knob(w, isn_mode, XTCP_ISN_CONSTANT);
}

/* RFC 9293 3.5 before its steps 2 and 3 are joined: four segments. */
static void four_way_open(struct kunit *test)
{
	struct wire *w = test->priv;

	four_ways(w);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 SYN_SENT    <- . 1000000 ack 1 <- SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S 0        <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
	wire_transfer(w, A, 5000, 1000);
	wire_transfer(w, B, 5000, 1000);
}

/* Without that ACK the SYN looks like a simultaneous open, and works like one. */
static void four_way_open__ack_lost(struct kunit *test)
{
	struct wire *w = test->priv;

	four_ways(w);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ACK, 1, 1);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 x           <- . 1000000 ack 1 <- SYN_RCVD\n"
		    "0.010 SYN_RCVD    <- S 0        <- SYN_RCVD\n"
		    "0.020 SYN_RCVD    -> S. 0 ack 1 -> ESTABLISHED\n"
		    "0.030 ESTABLISHED <- . 1 ack 1  <- ESTABLISHED\n");
	wire_transfer(w, A, 5000, 1000);
}

/* The listener repeats both; what comes twice does no harm. */
static void four_way_open__syn_lost(struct kunit *test)
{
	struct wire *w = test->priv;

	four_ways(w);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN, 1, 1);
	wire_drop(w, A, WIRE_SYN, 2, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 SYN_SENT    <- . 1000000 ack 1 <- SYN_RCVD\n"
		    "0.010 x           <- S 0        <- SYN_RCVD\n"
		    "1.000 SYN_SENT    -> S 0        -> x\n"
		    "1.010 SYN_SENT    <- . 0 ack 1  <- SYN_RCVD\n"
		    "1.010 ESTABLISHED <- S 0        <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/* A SYN is enough for the listener: a round trip earlier it may write. */
static void two_way_open(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, handshake_ways, 2);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- ESTABLISHED\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
	wire_transfer(w, A, 5000, 1000);
	wire_transfer(w, B, 5000, 1000);
}

/* XTCP_HANDSHAKE_WAYS of a listener, whatever those of the namespace. */
static void three_way_open__own_ways(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, handshake_ways, 2);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_HANDSHAKE_WAYS, 3), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/*
 * Why two are not enough: an old SYN comes, whose sender is gone. Three ways
 * forget it after synack_retries; two leave a connection that nobody ends.
 */
static void two_way_old_syn(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, handshake_ways, 2);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN, .seq = -10);
	wire_run_ms(w, 200000);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_STATE(w, B, ESTABLISHED);
}

static void two_way_old_syn__three_ways_forget_it(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN, .seq = -10);
	wire_run_ms(w, 200000);
	WIRE_EQ(w, requests(), 0);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
}

/*
 * An old life of the same numbers stands at the peer: its challenge ACK draws our
 * RST, which ends it, and the SYN goes out again at once, not a second later.
 */
static void old_life_at_the_peer__syn_again(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_SYN, 1, 1);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 20);
	wire_inject(w, B, XTCP_ACK, .seq = 77, .ack = -5000);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0          -> x\n"
		    "0.020 SYN_SENT    <- . 77 ack -5000 <- *\n"
		    "0.020 SYN_SENT    -> R -5000      -> LISTEN\n"
		    "0.020 SYN_SENT    -> S 0          -> SYN_RCVD\n"
		    "0.030 ESTABLISHED <- S. 0 ack 1   <- SYN_RCVD\n"
		    "0.040 ESTABLISHED -> . 1 ack 1    -> ESTABLISHED\n");
}

/* --- ISNs ---------------------------------------------------------------------- */

/* Text of the old life, late, falls into the window of the new one. */
static void isn_constant_old_data(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, isn_mode, XTCP_ISN_CONSTANT);
	wire_knob(w, timestamps, 0);
	wire_knob(w, max_tw, 0);
	wire_establish(w);
	wire_transfer(w, A, 100, 1000);
	wire_release(w, A);
	wire_run_ms(w, 50);
	wire_release(w, B);
	wire_run_ms(w, 100);
	wire_establish(w);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100, .junk = true);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs, 101);
}

/* XTCP_ISN_MODE of a socket, and of a listener: whatever the namespace's is. */
static void isn__own_mode(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, isn_mode, XTCP_ISN_CONSTANT);
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_ISN_MODE, XTCP_ISN_RANDOM), 0);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_ISN_MODE, XTCP_ISN_RFC6528), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, w->conn[0].isn[A] != 1000000, true);
	WIRE_EQ(w, w->conn[0].isn[B] != 1000000, true);
	/* Given back to the namespace. */
	WIRE_EQ(w, wire_option(w, B, SOL_XTCP, XTCP_ISN_MODE, -1), 0);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, w->conn[1].isn[A], 1000000);
	WIRE_EQ(w, w->conn[1].isn[B], 1000000);
}

/* --- full queues ------------------------------------------------------------------ */

static void abort_on_overflow(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_OVERFLOW);

	wire_knob(w, abort_on_overflow, 1);
	WIRE_EQ(w, wire_listen(w, B, 1), 0);
	wire_late(w, A, WIRE_ACK, 1, 300);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 25);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_client(w, 2), 0);
	wire_run_ms(w, 50);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, requests(), 1);
	wire_epoch(w);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w, "0.205 CLOSED <- R 1 <- LISTEN\n");
	WIRE_EQ(w, wire_error(w, A), ECONNRESET);
	WIRE_EQ(w, requests(), 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_OVERFLOW) - aborts, 1);
}

/* --- TCP_DEFER_ACCEPT ----------------------------------------------------------------- */

static void defer_accept__wakes_on_text(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_DEFER_ACCEPT, 10), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, requests(), 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0            -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1      -> SYN_RCVD\n"
		    "0.520 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.531 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

/* How long the user thought before he wrote is no round trip. */
static void defer_accept__text_is_no_round_trip(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_DEFER_ACCEPT, 10), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 700);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_QUICKACK, 1), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_xs(w, B)->rtt.srtt_us, 0);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, B)->rtt.srtt_us, 1000), 20);
}

/* He took his time: two waits pass in silence, in which nothing is sent again. */
static void text_after_silence(struct wire *w)
{
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_DEFER_ACCEPT, 10), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 3500);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_xs(w, B)->rtt.srtt_us, 0);
}

/* The path lost nothing; and the timestamp that he echoes is as old as the SYN-ACK. */
static void defer_accept__silence_is_no_loss(struct kunit *test)
{
	struct wire *w = test->priv;

	text_after_silence(w);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 1);
	WIRE_EQ(w, wire_xs(w, B)->rtt.rto_us, 1000000);
	WIRE_EQ(w, wire_xs(w, B)->cong.cwnd, 10000);
}

static void defer_accept__silence_is_no_loss_without_timestamps(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	text_after_silence(w);
	WIRE_EQ(w, wire_xs(w, B)->rtt.rto_us, 1000000);
}

/* But what it lost before he answered counts (RFC 6298 5.7, RFC 6928 2). */
static void defer_accept__syn_acks_lost(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_SYN, 2, WIRE_FOREVER);
	wire_drop(w, B, WIRE_SYN_ACK, 1, 2);
	text_after_silence(w);
	WIRE_EQ(w, wire_xs(w, B)->rtt.rto_us, 3000000);
	WIRE_EQ(w, wire_xs(w, B)->cong.cwnd, 1000);
}

/* When the time is up one SYN-ACK asks again, and its ACK is enough. */
static void defer_accept__time_is_up(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, synack_retries, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	/* 1 + 2 s: two SYN-ACKs, of which the first is spared, whatever the retries. */
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_DEFER_ACCEPT, 3), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 4000);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> SYN_RCVD\n"
		    "3.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "3.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/* It gives no answer then, and no text came: gone, as who never answered. */
static void defer_accept__silent_client(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, synack_retries, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_DEFER_ACCEPT, 3), 0);
	wire_drop(w, A, WIRE_ACK, 2, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_to_ms(w, 7000);
	WIRE_EQ(w, requests(), 1);
	wire_run_to_ms(w, 7020);
	WIRE_EQ(w, requests(), 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 2);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
}

/* --- the third segment --------------------------------------------------------------- */

/* B is half open, by a SYN with a timestamp; the rest is the test's to send. */
static void half_open(struct wire *w)
{
	static const u8 timestamp[] = { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0 };
	struct wire_inject syn = { .from = A, .ctl = XTCP_SYN,
				   .opt_len = sizeof(timestamp) };

	memcpy(syn.opt, timestamp, sizeof(timestamp));
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject_segment(w, &syn);
	wire_run_ms(w, 20);
	WIRE_EQ(w, requests(), 1);
}

/* Timestamps were agreed on, but its ACK has none: it may be all that will ever come. */
static void third_segment_without_timestamp__opens(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 missing = wire_counter(XTCP_CNT_NO_TIMESTAMP);

	half_open(w);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .no_ts = true);
	WIRE_EQ(w, requests(), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_NO_TIMESTAMP) - missing, 1);
}

/* With text it does not count, nor leak. */
static void third_segment_without_timestamp__text_not_leaked(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 drops = wire_counter(XTCP_DROP_NO_TIMESTAMP);

	half_open(w);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 10, .no_ts = true);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_TIMESTAMP) - drops, 1);
	WIRE_EQ(w, requests(), 1);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
	wire_run_ms(w, 63000);
	WIRE_EQ(w, requests(), 0);
}

/* --- TIME_WAIT ----------------------------------------------------------------------- */

/* XTCP_MSL_MS: the socket's record goes when its own time is over. */
static void time_wait_2msl__own_length(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_MSL_MS, 2000), 0);
	wire_release(w, A);
	wire_run_ms(w, 50);
	wire_release(w, B);
	wire_run_ms(w, 100);
	WIRE_EQ(w, time_waits(), 1);
	wire_run_to_ms(w, 4059);
	WIRE_EQ(w, time_waits(), 1);
	wire_run_to_ms(w, 4061);
	WIRE_EQ(w, time_waits(), 0);
}

/* net.xtcp.msl_ms: those that wait already, too. */
static void time_wait_2msl__knob_set_meanwhile(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	wire_release(w, A);
	wire_run_ms(w, 50);
	wire_release(w, B);			/* TIME_WAIT since 0.060 */
	wire_run_to_ms(w, 1000);
	wire_knob(w, msl_ms, 1000);
	knob_is_changed(w, offsetof(struct xtcp_knobs, msl_ms));
	wire_run_to_ms(w, 2059);
	WIRE_EQ(w, time_waits(), 1);
	wire_run_to_ms(w, 2061);
	WIRE_EQ(w, time_waits(), 0);
}

/* The length that a TIME_WAIT of @sk would have. Another user of it from now on. */
static u32 length_chosen(struct wire *w, struct sock *sk, u32 msl_ms)
{
	struct xtcp_time_wait_queue *queues = w->xn->time_wait_queues;
	unsigned int queue;

	xtcp_timewait_choose_queue(sk, msl_ms);
	queue = xtcp_sk(sk)->time_wait_queue;
	xtcp_sk(sk)->time_wait_queue = 0;
	return queue ? queues[queue].msl_ms : w->xn->knobs.msl_ms;
}

static void give_up_lengths(struct wire *w)
{
	int i;

	for (i = 1; i < XTCP_TIME_WAIT_QUEUES; i++)
		atomic_set(&w->xn->time_wait_queues[i].users, 0);
}

/* So many lengths at a time; one more is rounded up, and a length given up is free. */
static void time_wait_2msl__so_many_lengths(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk;
	u32 i;

	WIRE_EQ(w, wire_socket(w, A), 0);
	sk = w->side[A].sock->sk;
	for (i = 1; i < XTCP_TIME_WAIT_LONG; i++)
		WIRE_EQ(w, length_chosen(w, sk, i * 1000), i * 1000);
	WIRE_EQ(w, length_chosen(w, sk, 900), 1000);
	WIRE_EQ(w, length_chosen(w, sk, 4001), 5000);
	WIRE_EQ(w, length_chosen(w, sk, 5000), 5000);
	/* Beyond all of them the longest becomes as long. */
	WIRE_EQ(w, length_chosen(w, sk, 20000), 20000);
	WIRE_EQ(w, length_chosen(w, sk, (XTCP_TIME_WAIT_LONG - 1) * 1000), 20000);
	give_up_lengths(w);
	WIRE_EQ(w, length_chosen(w, sk, 4001), 4001);
	give_up_lengths(w);
}

/* Those above the knob are apart: none is rounded down, and no one else gets one. */
static void time_wait_2msl__lengths_above_the_knob(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk;
	u32 i;

	WIRE_EQ(w, wire_socket(w, A), 0);
	sk = w->side[A].sock->sk;
	wire_knob(w, msl_ms, 30000);
	WIRE_EQ(w, length_chosen(w, sk, 60000), 60000);
	for (i = 1; i < XTCP_TIME_WAIT_LONG; i++)
		WIRE_EQ(w, length_chosen(w, sk, i), i);
	WIRE_EQ(w, length_chosen(w, sk, 25000), 25000);
	for (i = 1; i < XTCP_TIME_WAIT_QUEUES - XTCP_TIME_WAIT_LONG; i++)
		WIRE_EQ(w, length_chosen(w, sk, 40000 + i), 40000 + i);
	WIRE_EQ(w, length_chosen(w, sk, 30001), 40001);
	WIRE_EQ(w, length_chosen(w, sk, 50000), 60000);
	WIRE_EQ(w, length_chosen(w, sk, 900000), 900000);
	WIRE_EQ(w, length_chosen(w, sk, 26000), 26000);
	give_up_lengths(w);
}

/* As a child is made, its parent may have given the length up: to no one, or to another length. */
static void time_wait_2msl__of_a_child(struct kunit *test)
{
	struct wire *w = test->priv;
	struct xtcp_time_wait_queue *queues = w->xn->time_wait_queues;
	struct xtcp_sock *parent, *child;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_socket(w, B), 0);
	parent = xtcp_sk(w->side[A].sock->sk);
	child = xtcp_sk(w->side[B].sock->sk);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_MSL_MS, 1000), 0);
	wire_make_own(w, B)->knobs.msl_ms = 1000;
	child->time_wait_queue = parent->time_wait_queue;
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_MSL_MS, 5000), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_MSL_MS, -1), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_MSL_MS, 5000), 0);
	xtcp_timewait_share_queue((struct sock *)child);
	WIRE_EQ(w, queues[child->time_wait_queue].msl_ms, 1000);
	WIRE_EQ(w, atomic_read(&queues[child->time_wait_queue].users), 1);
	WIRE_EQ(w, queues[parent->time_wait_queue].msl_ms, 5000);
	WIRE_EQ(w, atomic_read(&queues[parent->time_wait_queue].users), 1);
}

/* A connection closed by A, whose client port stays the same. */
static void leave_time_wait(struct wire *w)
{
	wire_establish(w);
	wire_release(w, A);
	wire_run_ms(w, 50);
	wire_release(w, B);
	wire_run_ms(w, 100);
	WIRE_EQ(w, time_waits(), 1);
	wire_run_to_ms(w, 500);
}

static void time_wait_reuse__connect_too_early(struct kunit *test)
{
	struct wire *w = test->priv;

	leave_time_wait(w);
	WIRE_EQ(w, wire_connect(w, A), -EADDRNOTAVAIL);
	WIRE_EQ(w, time_waits(), 1);
}

static void time_wait_reuse__connect(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 taken = wire_counter(XTCP_CNT_TIME_WAIT_TAKEN);

	leave_time_wait(w);
	wire_run_to_ms(w, 1500);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
	WIRE_EQ(w, wire_counter(XTCP_CNT_TIME_WAIT_TAKEN) - taken, 1);
	WIRE_EQ(w, time_waits(), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 1000, 1000);
}

/* RFC 9293 3.10.1, RFC 6191: above all numbers of the old life, wherever others begin. */
static void time_wait_reuse__numbers_of_the_new_life(struct kunit *test)
{
	struct wire *w = test->priv;
	u32 old;

	wire_knob(w, isn_mode, XTCP_ISN_CONSTANT);
	leave_time_wait(w);
	old = w->conn[0].isn[A];
	wire_run_to_ms(w, 1500);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, xtcp_seq_gt(w->conn[0].isn[A], old + XTCP_WINDOW_MAX), true);
}

/* 2: only where the peer is on this machine, as it is here. */
static void time_wait_reuse__connect_on_loopback(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, tw_reuse, 2);
	leave_time_wait(w);
	WIRE_EQ(w, wire_connect(w, A), -EADDRNOTAVAIL);
	wire_run_to_ms(w, 1500);
	WIRE_EQ(w, wire_connect(w, A), 0);
}

static void time_wait_reuse__connect_by_knobs(struct kunit *test)
{
	struct wire *w = test->priv;

	leave_time_wait(w);
	wire_run_to_ms(w, 1500);
	wire_knob(w, tw_reuse, 0);
	WIRE_EQ(w, wire_connect(w, A), -EADDRNOTAVAIL);
	wire_knob(w, tw_reuse, 2);
	wire_knob(w, tw_reuse_delay_ms, 3000);
	WIRE_EQ(w, wire_connect(w, A), -EADDRNOTAVAIL);
	wire_knob(w, tw_reuse, 1);
	wire_knob(w, tw_reuse_delay_ms, 1000);
	wire_knob(w, timestamps, 0);
	WIRE_EQ(w, wire_connect(w, A), -EADDRNOTAVAIL);
	WIRE_EQ(w, time_waits(), 1);
	wire_knob(w, timestamps, 1);
	WIRE_EQ(w, wire_connect(w, A), 0);
}

/* --- limits ------------------------------------------------------------------------- */

/* All connections of a namespace together: 50 to 150 per cent of the limit a second. */
static void challenge_acks__limit_of_the_namespace(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i, sent;

	wire_knob(w, challenge_ack_limit, 20);
	wire_knob(w, invalid_ratelimit_ms, 0);
	wire_establish(w);
	wire_run_to_ms(w, 1000);
	for (i = 0; i < 100; i++)
		wire_inject(w, A, XTCP_SYN, .seq = 10);
	sent = wire_count(w, B, WIRE_ACK);
	if (sent < 10 || sent > 60)
		wire_fail(w, WIRE_HERE, "neither 10 to 30 in one second nor in two");
	wire_knob(w, challenge_ack_limit, 0);
	wire_run_ms(w, 1100);
	wire_inject(w, A, XTCP_SYN, .seq = 10);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), sent);
}

/* How many it is to be is not known to others, or they could count who else gets answers. */
static void challenge_acks__limit_is_random(struct kunit *test)
{
	unsigned int i, n, sent, last = 0, differ = 0;
	struct wire *w = test->priv;

	wire_knob(w, challenge_ack_limit, 20);
	wire_knob(w, invalid_ratelimit_ms, 0);
	wire_establish(w);
	for (i = 0; i < 8; i++) {
		wire_run_ms(w, 1000);
		sent = wire_count(w, B, WIRE_ACK);
		for (n = 0; n < 40; n++)
			wire_inject(w, A, XTCP_SYN, .seq = 10);
		sent = wire_count(w, B, WIRE_ACK) - sent;
		WIRE_EQ(w, sent > 10 && sent <= 30, true);
		differ += i && sent != last;
		last = sent;
	}
	WIRE_EQ(w, differ > 0, true);
}

/* Who floods one connection, whatever its state, does not silence another one by that. */
static void challenge_acks__one_takes_no_others(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i, sent;

	wire_knob(w, challenge_ack_limit, 10);
	wire_knob(w, invalid_ratelimit_ms, 500);
	wire_establish(w);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 1000);
	sent = wire_count(w, B, WIRE_ACK);
	for (i = 0; i < 100; i++)
		wire_inject(w, A, XTCP_SYN, .seq = 10);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - sent, 1);
	wire_inject(w, A, XTCP_SYN, .seq = 10, .conn = 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - sent, 2);
}

static void challenge_acks__request_takes_no_others(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i, sent;

	wire_knob(w, challenge_ack_limit, 10);
	wire_knob(w, invalid_ratelimit_ms, 500);
	wire_establish(w);
	wire_inject(w, A, XTCP_SYN, .conn = 1);
	wire_run_ms(w, 20);
	WIRE_EQ(w, requests(), 1);
	sent = wire_count(w, B, WIRE_ACK);
	for (i = 0; i < 100; i++)
		wire_inject(w, A, XTCP_RST, .seq = 10, .conn = 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - sent, 1);
	wire_inject(w, A, XTCP_RST, .seq = 10);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - sent, 2);
}

static void challenge_acks__time_wait_takes_no_others(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i, sent, sent_b;

	wire_knob(w, challenge_ack_limit, 10);
	wire_knob(w, invalid_ratelimit_ms, 500);
	leave_time_wait(w);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 1000);
	sent = wire_count(w, A, WIRE_ACK);
	for (i = 0; i < 100; i++)
		wire_inject(w, B, XTCP_ACK, .seq = 2, .ack = 100000);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - sent, 1);
	sent_b = wire_count(w, B, WIRE_ACK);
	wire_inject(w, A, XTCP_RST, .seq = 10, .conn = 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - sent_b, 1);
}

/*
 * What takes a number waits for its ACK, however often it comes. Two peers that each think
 * the other one is wrong send empty segments: these, and nonsense, get one answer in a while.
 */
static void answers__only_empty_segments_are_limited(struct kunit *test)
{
	static const struct {
		u8 ctl;
		s32 seq;
		u16 len;
		unsigned int answers;
	} rows[] = {
		{ XTCP_ACK, -99, 0, 1 },		/* old, as of keepalive */
		{ XTCP_ACK, 5000000, 0, 1 },		/* beyond the window */
		{ XTCP_ACK | XTCP_SYN, 1, 0, 1 },
		{ XTCP_RST, 150, 0, 1 },
		{ XTCP_ACK, 1, 100, 4 },		/* text again */
		{ XTCP_ACK | XTCP_PSH, 5000000, 1, 4 },
		{ XTCP_ACK | XTCP_FIN, 1, 100, 4 },	/* the FIN behind it, too */
		{ XTCP_ACK | XTCP_FIN, 101, 0, 4 },	/* and alone */
	};
	struct wire *w = wire_puppet(test);
	unsigned int i, n, before;

	wire_knob(w, invalid_ratelimit_ms, 500);
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = 1, .ack = 1, .len = 100);
	wire_run_ms(w, 200);
	WIRE_STATE(w, B, CLOSE_WAIT);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		wire_run_ms(w, 600);
		before = wire_count(w, B, WIRE_ACK);
		for (n = 0; n < 4; n++)
			wire_inject(w, A, rows[i].ctl, .seq = rows[i].seq, .len = rows[i].len,
				    .ack = 1);
		if (wire_count(w, B, WIRE_ACK) - before == rows[i].answers)
			continue;
		kunit_info(test, "row %u: %u answers", i, wire_count(w, B, WIRE_ACK) - before);
		wire_fail(w, WIRE_HERE, "too many answers, or too few");
	}
}

static void paws__off_lets_old_text_in(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, paws, 0);
	wire_establish(w);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100, .ts_age = 5000);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* --- alive ----------------------------------------------------------------------------- */

/* RFC 5482: with TCP_USER_TIMEOUT the time counts, not the probes. */
static void client_dies_keepalive__user_timeout(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_KEEPIDLE, 10), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_KEEPINTVL, 5), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_USER_TIMEOUT, 18000), 0);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_run_ms(w, 16000);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_run_ms(w, 6000);
	WIRE_EQ(w, wire_error(w, B), ETIMEDOUT);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 2);
}

/*
 * A timeout: another of several paths. From R1 on IP is told that the route may be dead,
 * each time: it is looked up anew, as is seen by what the device can. Where the hash chooses
 * among routes it is looked up from the first timeout on.
 */
static void server_host_dies__retries1(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int retries;
	struct sock *sk;
	u32 hash;

	wire_knob(w, retries1, 2);
	wire_establish(w);
	sk = &wire_xs(w, A)->inet.sk;
	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	for (retries = 1; retries <= 4; retries++) {
		hash = sk->sk_txhash;
		sk->sk_route_caps = 0;
		wire_run_ms(w, 200U << (retries - 1));
		WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1 + retries);
		WIRE_EQ(w, sk->sk_txhash == hash, false);
		WIRE_EQ(w, sk->sk_route_caps != 0, retries > 2 || wire_hash_routes(w));
	}
}

static unsigned int advices;

static void count_advice(struct sock *sk, struct dst_entry *dst)
{
	advices++;
}

/* What IP is told from R1 on is about the route that failed, whatever another hash chooses. */
static void server_host_dies__advice(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int retries, before;
	struct dst_ops *ops, counting;
	struct dst_entry *dst;
	struct sock *sk;

	wire_knob(w, retries1, 2);
	wire_establish(w);
	sk = &wire_xs(w, A)->inet.sk;
	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	for (retries = 1; retries <= 4; retries++) {
		dst = sk_dst_get(sk);
		ops = dst->ops;
		counting = *ops;
		counting.negative_advice = count_advice;
		before = advices;
		dst->ops = &counting;
		wire_run_ms(w, 200U << (retries - 1));
		dst->ops = ops;
		dst_release(dst);
		WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1 + retries);
		WIRE_EQ(w, advices - before, retries > 2);
	}
}

WIRE_SUITES(xtcp_knobs_wire,
	KUNIT_CASE_SLOW(syn_lost__linear_timeouts),
	KUNIT_CASE_SLOW(synack_lost__linear_timeouts),
	KUNIT_CASE_SLOW(synack_lost__rto_init_turned_down),
	KUNIT_CASE_SLOW(synack_lost__rto_max_turned_down),
	KUNIT_CASE_SLOW(syn_lost__own_schedule),
	KUNIT_CASE_SLOW(synack_lost__knob_set_meanwhile),
	KUNIT_CASE_SLOW(synack_lost__own_schedule),
	KUNIT_CASE_SLOW(synack_lost__own_schedule_listener_closes),
	KUNIT_CASE_SLOW(four_way_open),
	KUNIT_CASE_SLOW(four_way_open__ack_lost),
	KUNIT_CASE_SLOW(four_way_open__syn_lost),
	KUNIT_CASE_SLOW(two_way_open),
	KUNIT_CASE_SLOW(three_way_open__own_ways),
	KUNIT_CASE_SLOW(two_way_old_syn),
	KUNIT_CASE_SLOW(two_way_old_syn__three_ways_forget_it),
	KUNIT_CASE_SLOW(old_life_at_the_peer__syn_again),
	KUNIT_CASE_SLOW(isn_constant_old_data),
	KUNIT_CASE_SLOW(isn__own_mode),
	KUNIT_CASE_SLOW(abort_on_overflow),
	KUNIT_CASE_SLOW(defer_accept__wakes_on_text),
	KUNIT_CASE_SLOW(defer_accept__text_is_no_round_trip),
	KUNIT_CASE_SLOW(defer_accept__silence_is_no_loss),
	KUNIT_CASE_SLOW(defer_accept__silence_is_no_loss_without_timestamps),
	KUNIT_CASE_SLOW(defer_accept__syn_acks_lost),
	KUNIT_CASE_SLOW(defer_accept__time_is_up),
	KUNIT_CASE_SLOW(defer_accept__silent_client),
	KUNIT_CASE_SLOW(third_segment_without_timestamp__opens),
	KUNIT_CASE_SLOW(third_segment_without_timestamp__text_not_leaked),
	KUNIT_CASE_SLOW(time_wait_2msl__own_length),
	KUNIT_CASE_SLOW(time_wait_2msl__knob_set_meanwhile),
	KUNIT_CASE_SLOW(time_wait_2msl__so_many_lengths),
	KUNIT_CASE_SLOW(time_wait_2msl__lengths_above_the_knob),
	KUNIT_CASE_SLOW(time_wait_2msl__of_a_child),
	KUNIT_CASE_SLOW(time_wait_reuse__connect_too_early),
	KUNIT_CASE_SLOW(time_wait_reuse__connect),
	KUNIT_CASE_SLOW(time_wait_reuse__connect_by_knobs),
	KUNIT_CASE_SLOW(time_wait_reuse__connect_on_loopback),
	KUNIT_CASE_SLOW(time_wait_reuse__numbers_of_the_new_life),
	KUNIT_CASE_SLOW(challenge_acks__limit_of_the_namespace),
	KUNIT_CASE_SLOW(challenge_acks__limit_is_random),
	KUNIT_CASE_SLOW(challenge_acks__one_takes_no_others),
	KUNIT_CASE_SLOW(challenge_acks__request_takes_no_others),
	KUNIT_CASE_SLOW(challenge_acks__time_wait_takes_no_others),
	KUNIT_CASE_SLOW(answers__only_empty_segments_are_limited),
	KUNIT_CASE_SLOW(paws__off_lets_old_text_in),
	KUNIT_CASE_SLOW(client_dies_keepalive__user_timeout),
	KUNIT_CASE_SLOW(server_host_dies__retries1),
	KUNIT_CASE_SLOW(server_host_dies__advice),
	{ }
);
