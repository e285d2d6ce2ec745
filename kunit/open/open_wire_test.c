// SPDX-License-Identifier: GPL-2.0
/*
 * Opening a connection, as ladders: mission A, module/open/. A test says what
 * happens to which segment, and the ladder says what both ends must make of it.
 */

#include <linux/tcp.h>
#include "../wire.h"

/* Time in milliseconds, to the nearest. */
static u64 now_ms(const struct wire *w)
{
	return div_u64(wire_now_us(w) + 500, 1000);
}

/* Of a burst, or a flood: so many, and the first is A. */
enum { CLIENTS = 8 };

static int requests(void)
{
	return atomic_read(&xtcp_net(&init_net)->requests);
}

/* --- the handshake -------------------------------------------------------- */

static void normal_open(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

static void normal_open__counts(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 active = wire_counter(XTCP_CNT_ACTIVE_OPENS);
	u64 passive = wire_counter(XTCP_CNT_PASSIVE_OPENS);
	u64 out = wire_counter(XTCP_CNT_OUT_SEGS), in = wire_counter(XTCP_CNT_IN_SEGS);

	wire_establish(w);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ACTIVE_OPENS) - active, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_PASSIVE_OPENS) - passive, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_OUT_SEGS) - out, 3);
	WIRE_EQ(w, wire_counter(XTCP_CNT_IN_SEGS) - in, 3);
}

/* 20 ms are measured at both ends: the server times its SYN-ACK. */
static void normal_open__measures_the_round_trip(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.srtt_us, 1000), 20);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, B)->rtt.srtt_us, 1000), 20);
	WIRE_EQ(w, wire_xs(w, A)->rtt.rto_us, 200000);
}

/* A client that has its request ready needs no third segment without text. */
static void data_in_third_segment(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);	/* there is no A to answer */
	wire_inject(w, A, XTCP_SYN);
	wire_run_ms(w, 20);
	wire_inject(w, A, XTCP_ACK | XTCP_PSH, .seq = 1, .ack = 1, .len = 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_run_ms(w, 10);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0               -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1        <- SYN_RCVD\n"
		    "0.020 * -> P. 1:101 ack 1    -> ESTABLISHED\n"
		    "0.021 x <- . 1 ack 101       <- ESTABLISHED\n");
}

/* Text in a SYN is for Fast Open only: here it comes again after the handshake. */
static void data_in_syn__not_delivered(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN, .len = 100, .junk = true);
	wire_run_ms(w, 20);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0:100           -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1        <- SYN_RCVD\n"
		    "0.020 * -> . 1 ack 1         -> ESTABLISHED\n");
}

static void text_both_ways(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	wire_transfer(w, A, 5000, 1000);
	wire_transfer(w, B, 5000, 1000);
}

/* --- A2: the SYN is lost -------------------------------------------------- */

static void syn_lost__connects_on_the_second(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_SYN, 1, 1);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> x\n"
		    "1.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "1.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

static void syn_lost__retransmits_at_1_3_7_15_31s(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_SYN, 1, 5);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    " 0.000 SYN_SENT    -> S 0        -> x\n"
		    " 1.000 SYN_SENT    -> S 0        -> x\n"
		    " 3.000 SYN_SENT    -> S 0        -> x\n"
		    " 7.000 SYN_SENT    -> S 0        -> x\n"
		    "15.000 SYN_SENT    -> S 0        -> x\n"
		    "31.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "31.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "31.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

static void syn_lost__gives_up_at_63s(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 timeouts = wire_counter(XTCP_CNT_SYN_TIMEOUTS);
	u64 retrans = wire_counter(XTCP_CNT_SYN_RETRANS);

	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EQ(w, now_ms(w), 63000);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN), 6);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYN_TIMEOUTS) - timeouts, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYN_RETRANS) - retrans, 5);
}

static void syn_lost__connect_again_afterwards(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_SYN, 1, 6);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

static void syn_retries__2_gives_up_at_7s(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, syn_retries, 2);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EQ(w, now_ms(w), 7000);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0 -> x\n"
		    "1.000 SYN_SENT -> S 0 -> x\n"
		    "3.000 SYN_SENT -> S 0 -> x\n");
}

/* The socket's own number of retries. */
static void tcp_syncnt__1_gives_up_at_3s(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_SYNCNT, 1), 0);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EQ(w, now_ms(w), 3000);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN), 2);
}

static void rto_init__250ms(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, rto_init_ms, 250);
	wire_knob(w, syn_retries, 3);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EQ(w, now_ms(w), 3750);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0 -> x\n"
		    "0.250 SYN_SENT -> S 0 -> x\n"
		    "0.750 SYN_SENT -> S 0 -> x\n"
		    "1.750 SYN_SENT -> S 0 -> x\n");
}

static void rto_max__bounds_the_doubling(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, rto_max_ms, 2000);
	wire_knob(w, syn_retries, 4);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EQ(w, now_ms(w), 9000);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0 -> x\n"
		    "1.000 SYN_SENT -> S 0 -> x\n"
		    "3.000 SYN_SENT -> S 0 -> x\n"
		    "5.000 SYN_SENT -> S 0 -> x\n"
		    "7.000 SYN_SENT -> S 0 -> x\n");
}

static void user_timeout__bounds_connect(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 5000), 0);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EQ(w, now_ms(w), 5000);
}

static void connect_nonblocking__error_by_so_error(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, syn_retries, 1);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 2999);
	WIRE_STATE(w, A, SYN_SENT);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

static void connect_nonblocking__close_while_connecting(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 500);
	wire_release(w, A);
	WIRE_STATE(w, A, CLOSED);
	wire_run_ms(w, 5000);
	WIRE_EXPECT(w, "0.000 SYN_SENT -> S 0 -> x\n");
}

/* The damaged SYN is no SYN: dropped by checksum, and sent again. */
static void syn_corrupt__dropped_by_checksum(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 bad = wire_counter(XTCP_DROP_CHECKSUM);

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_corrupt(w, A, WIRE_SYN, 1);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_counter(XTCP_DROP_CHECKSUM) - bad, 1);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0 !      -> LISTEN\n"
		    "1.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "1.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/* The network made two of it: one connection, and no harm. */
static void syn_duplicated__one_connection(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_twice(w, A, WIRE_SYN, 1);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.000 =           -> S 0        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
	wire_transfer(w, A, 100, 100);
}

/* --- A3: the SYN-ACK is lost ---------------------------------------------- */

/* Each by its own knob: the client 3 times, the server once. */
static void synack_lost__each_side_by_its_own_knob(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, syn_retries, 3);
	wire_knob(w, synack_retries, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_drop(w, A, WIRE_SYN, 2, WIRE_FOREVER);	/* they would ask for more */
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EQ(w, now_ms(w), 15000);
	WIRE_STATE(w, B, LISTEN);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0        -> SYN_RCVD\n"
		    "0.010 x        <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.000 SYN_SENT -> S 0        -> x\n"
		    "1.010 x        <- S. 0 ack 1 <- SYN_RCVD\n"
		    "3.000 SYN_SENT -> S 0        -> x\n"
		    "7.000 SYN_SENT -> S 0        -> x\n");
}

static void synack_lost__servers_own_retry_connects(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	wire_drop(w, A, WIRE_SYN, 2, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 x           <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.000 SYN_SENT    -> S 0        -> x\n"
		    "1.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/* The repeated SYN is answered at once, whatever the server's own timer. */
static void synack_lost__repeated_syn_is_answered(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, rto_init_ms, 500);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, 2);
	wire_late(w, A, WIRE_SYN, 2, 100);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 x           <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.500 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.510 x           <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.610 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.620 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/* 5 retries, doubling: the half-open connection is gone 63 s after its SYN. */
static void synack_lost__server_gives_up_at_63s(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 timeouts = wire_counter(XTCP_CNT_SYN_ACK_TIMEOUTS);

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	wire_run_ms(w, 62999);
	WIRE_EQ(w, requests(), 1);
	wire_run_ms(w, 2);
	WIRE_EQ(w, requests(), 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYN_ACK_TIMEOUTS) - timeouts, 1);
	WIRE_EXPECT(w,
		    " 0.000 * -> S 0        -> SYN_RCVD\n"
		    " 0.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    " 1.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    " 3.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    " 7.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "15.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "31.000 x <- S. 0 ack 1 <- SYN_RCVD\n");
}

/* --- A4: the third segment is lost ---------------------------------------- */

static void third_ack_lost__server_repeats(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_ACK, 1, 2);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 5000);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> x\n"
		    "1.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> . 1 ack 1  -> x\n"
		    "3.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "3.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
	WIRE_EQ(w, wire_accept(w, B), 0);
}

static void third_ack_lost_then_data(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_ACK, 1, 1);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 480);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0            -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1      -> x\n"
		    "0.500 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.511 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

static void third_ack_lost__server_gives_up_then_data_gets_rst(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, synack_retries, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 2980);
	WIRE_EQ(w, requests(), 1);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, requests(), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0            -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1      -> x\n"
		    "1.010 ESTABLISHED <- S. 0 ack 1     <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> . 1 ack 1      -> x\n"
		    "4.000 ESTABLISHED -> P. 1:101 ack 1 -> LISTEN\n"
		    "4.010 CLOSED      <- R 1            <- LISTEN\n");
	WIRE_EQ(w, wire_error(w, A), ECONNRESET);
}

/* The text overtakes the ACK: it completes the handshake itself; the ACK is old. */
static void third_ack_overtaken_by_data(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_late(w, A, WIRE_ACK, 1, 100);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0            -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1      -> ESTABLISHED\n"
		    "0.020 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.031 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n"
		    "0.130 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

/* --- A5: an old SYN ------------------------------------------------------- */

static void old_syn_first(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_late(w, A, WIRE_SYN, 1, 50);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 20);
	wire_inject(w, A, XTCP_SYN, .seq = -10);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0         -> SYN_RCVD\n"
		    "0.020 *           -> S -10       -> SYN_RCVD\n"
		    "0.020 SYN_SENT    <- S. 0 ack -9 <- SYN_RCVD\n"
		    "0.030 SYN_SENT    -> R -9        -> LISTEN\n"
		    "0.060 ESTABLISHED <- S. 0 ack 1  <- SYN_RCVD\n"
		    "0.070 ESTABLISHED -> . 1 ack 1   -> ESTABLISHED\n");
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
}

/* The new SYN meets the half-open connection of the old one: still one life. */
static void old_syn_first__new_syn_while_half_open(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_late(w, A, WIRE_SYN, 1, 15);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 20);
	wire_inject(w, A, XTCP_SYN, .seq = -10);
	wire_run_ms(w, 1200);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 1000, 1000);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
}

/* Text of the old life behind the old SYN goes with it. */
static void old_syn_first__no_old_text(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_late(w, A, WIRE_SYN, 1, 50);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 20);
	wire_inject(w, A, XTCP_SYN, .seq = -10);
	wire_inject(w, A, XTCP_ACK, .seq = -9, .ack = -5000, .len = 9, .junk = true);
	wire_run_ms(w, 1200);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	wire_transfer(w, A, 1000, 1000);
}

/* --- A7: both sides open at once ------------------------------------------ */

static void simultaneous_open(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.000 SYN_RCVD    <- S 0        <- SYN_SENT\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.010 SYN_RCVD    -> S. 0 ack 1 -> ESTABLISHED\n");
	wire_transfer(w, A, 3000, 1000);
	wire_transfer(w, B, 3000, 1000);
}

static void simultaneous_open__synack_lost(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_SYN_ACK, 1, 1);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_run_ms(w, 1500);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.000 SYN_RCVD    <- S 0        <- SYN_SENT\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.010 SYN_RCVD    -> S. 0 ack 1 -> x\n"
		    "1.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/* The peer's SYN again: our SYN-ACK again, within the limit of answers. */
static void simultaneous_open__syn_repeated(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i;

	wire_knob(w, invalid_ratelimit_ms, 500);
	wire_drop(w, A, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN_ACK), 1);
	for (i = 0; i < 4; i++)
		wire_inject(w, B, XTCP_SYN);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN_ACK), 2);
	wire_run_ms(w, 600);
	wire_inject(w, B, XTCP_SYN);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN_ACK), 3);
	WIRE_STATE(w, A, SYN_RCVD);
}

static void simultaneous_open__refused(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_drop(w, A, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_run_ms(w, 50);
	wire_inject(w, B, XTCP_RST | XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ECONNREFUSED);
}

/* --- refused, queues full ------------------------------------------------- */

static void connect_refused(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_connect(w, A), -ECONNREFUSED);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0        -> CLOSED\n"
		    "0.010 CLOSED   <- R. 0 ack 1 <- CLOSED\n");
}

/* RST answers what it answers: SYN, text and FIN are acknowledged in full. */
static void closed_port__rst_acknowledges_all(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN, .len = 10);
	wire_inject(w, A, XTCP_SYN | XTCP_FIN, .len = 10);
	wire_inject(w, A, XTCP_FIN, .seq = 500, .len = 5);
	wire_inject(w, A, XTCP_FIN, .seq = 500);
	wire_inject(w, A, 0, .seq = 500);
	wire_inject(w, A, XTCP_FIN | XTCP_ACK, .seq = 500, .ack = 7000);
	wire_inject(w, A, XTCP_RST, .seq = 500);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0:10           -> CLOSED\n"
		    "0.000 x <- R. 0 ack 11      <- CLOSED\n"
		    "0.000 * -> FS 0:10          -> CLOSED\n"
		    "0.000 x <- R. 0 ack 12      <- CLOSED\n"
		    "0.000 * -> F 500:505        -> CLOSED\n"
		    "0.000 x <- R. 0 ack 506     <- CLOSED\n"
		    "0.000 * -> F 500            -> CLOSED\n"
		    "0.000 x <- R. 0 ack 501     <- CLOSED\n"
		    "0.000 * -> 500              -> CLOSED\n"
		    "0.000 x <- R. 0 ack 500     <- CLOSED\n"
		    "0.000 * -> F. 500 ack 7000  -> CLOSED\n"
		    "0.000 x <- R 7000           <- CLOSED\n"
		    "0.000 * -> R 500            -> CLOSED\n");
}

/* One by one: the half-open queue is as short as the other. */
static void fill_accept_queue(struct wire *w, unsigned int clients)
{
	unsigned int i;

	for (i = 1; i <= clients; i++) {
		WIRE_EQ(w, wire_client(w, i), 0);
		wire_run_ms(w, 50);
	}
}

/* A backlog of 1 holds two (as with the kernel's TCP); the next one waits. */
static void accept_queue_full__syn_is_dropped(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 overflows = wire_counter(XTCP_CNT_LISTEN_OVERFLOWS);

	WIRE_EQ(w, wire_listen(w, B, 1), 0);
	fill_accept_queue(w, 2);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_counter(XTCP_CNT_LISTEN_OVERFLOWS) - overflows, 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_run_ms(w, 700);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> LISTEN\n"
		    "1.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "1.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/* listen() again: the new backlog holds from then on. */
static void accept_queue_full__listen_again(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 0), 0);
	fill_accept_queue(w, 2);
	WIRE_EQ(w, w->side[B].listener->sk->sk_ack_backlog, 1);
	WIRE_EQ(w, kernel_listen(w->side[B].listener, 1), 0);
	wire_run_ms(w, 1100);
	WIRE_EQ(w, w->side[B].listener->sk->sk_ack_backlog, 2);
	WIRE_EQ(w, kernel_listen(w->side[B].listener, 0), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_release(w, B);
	WIRE_EQ(w, wire_client(w, 3), 0);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
}

/* Full only when the third segment comes: it stays half open and tries again. */
static void accept_queue_full__third_segment_is_dropped(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 1), 0);
	wire_late(w, A, WIRE_ACK, 1, 100);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 25);
	fill_accept_queue(w, 2);
	wire_run_ms(w, 50);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_STATE(w, B, SYN_RCVD);
	WIRE_EQ(w, requests(), 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_run_ms(w, 1000);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, requests(), 0);
}

static void inject_syns(struct wire *w, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		wire_inject(w, A, XTCP_SYN, .conn = i);
}

/* No more than that; who comes then is dropped, for those there are young. */
static void syn_queue_full__by_knob(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 overflows = wire_counter(XTCP_CNT_REQUEST_OVERFLOWS);
	u64 dropped = wire_counter(XTCP_DROP_REQUESTS_FULL);

	wire_knob(w, syncookies, 0);
	wire_knob(w, max_syn_backlog, 3);
	WIRE_EQ(w, wire_listen(w, B, 100), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	inject_syns(w, 5);
	WIRE_EQ(w, requests(), 3);
	WIRE_EQ(w, wire_counter(XTCP_CNT_REQUEST_OVERFLOWS) - overflows, 2);
	WIRE_EQ(w, wire_counter(XTCP_DROP_REQUESTS_FULL) - dropped, 2);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 3);
	wire_run_ms(w, 1001);		/* three repeat it */
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 6);
	WIRE_EQ(w, requests(), 3);
}

/* Nor more than the backlog, and one. */
static void syn_queue_full__by_backlog(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int backlog;

	wire_knob(w, syncookies, 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	for (backlog = 0; backlog < 4; backlog += 3) {
		WIRE_EQ(w, wire_listen(w, B, backlog), 0);
		inject_syns(w, 5);
		WIRE_EQ(w, requests(), backlog + 1);
		wire_unlisten(w, B);
	}
}

/* More honest clients at once than it holds: none is told by RST that it was evicted. */
static void syn_queue_full__honest_burst(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i;

	wire_knob(w, syncookies, 0);
	wire_knob(w, max_syn_backlog, 3);
	WIRE_EQ(w, wire_listen(w, B, 100), 0);
	for (i = 1; i < CLIENTS; i++)
		WIRE_EQ(w, wire_client(w, i), 0);
	wire_run_ms(w, 12);
	WIRE_EQ(w, requests(), 3);
	wire_run_ms(w, 900);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 3);
	for (i = 0; i < 3; i++)
		WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
	wire_run_ms(w, 3500);		/* the others come 1 s, 3 s later */
	for (i = 3; i < CLIENTS - 1; i++)
		WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 0);
	WIRE_EQ(w, requests(), 0);
}

/* Who was asked twice makes room, and goes before an honest client. */
static void syn_queue_full__honest_client(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 evicted = wire_counter(XTCP_CNT_REQUEST_EVICTED);
	unsigned int i;

	wire_knob(w, syncookies, 0);
	WIRE_EQ(w, wire_listen(w, B, 3), 0);		/* room for four */
	wire_drop(w, B, WIRE_SYN_ACK, 1, 8);
	for (i = 1; i < 5; i++)
		wire_inject(w, A, XTCP_SYN, .conn = i);
	wire_run_ms(w, 1500);
	wire_drop(w, B, WIRE_SYN_ACK, 2, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 11);
	for (i = 5; i < 8; i++)
		wire_inject(w, A, XTCP_SYN, .conn = i);
	WIRE_EQ(w, wire_counter(XTCP_CNT_REQUEST_EVICTED) - evicted, 4);
	WIRE_EQ(w, requests(), 4);
	wire_run_ms(w, 50);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, requests(), 3);
	wire_transfer(w, A, 10000, 1000);
}

/* Spoofed SYNs of all but connection 0, @n times @every ms a burst of @burst. */
static void flood(struct wire *w, unsigned int n, unsigned int every, unsigned int burst)
{
	unsigned int i, conn = 0;

	while (n--) {
		for (i = 0; i < burst; i++)
			wire_inject(w, A, XTCP_SYN, .conn = 1 + conn++ % (CLIENTS - 1));
		WIRE_EQ(w, requests() <= 4, true);
		wire_run_ms(w, every);
	}
}

static struct wire *spoofed(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, syncookies, 0);
	WIRE_EQ(w, wire_listen(w, B, 3), 0);		/* room for four */
	w->spoofed = true;
	return w;
}

/* Fewer spoofed SYNs than the queue holds come in its round trip: it comes in. */
static void syn_queue_full__honest_client_in_a_flood(struct kunit *test)
{
	struct wire *w = spoofed(test);
	u64 evicted = wire_counter(XTCP_CNT_REQUEST_EVICTED);

	flood(w, 50, 8, 1);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	flood(w, 1000, 8, 1);				/* its tries: 0, 1, 3, 7 s */
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_REQUEST_EVICTED) - evicted > 100, true);
}

/*
 * More do, but a queue that keeps its requests for long enough has room now and then:
 * A comes when it has. Seven milliseconds later, more than fit in come again.
 */
static void comes_in_between_bursts(struct wire *w)
{
	wire_run_ms(w, 33);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 17);
	flood(w, 1, 50, CLIENTS - 1);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 1000, 1000);
}

/* For how long is known from answers before the flood came. */
static void syn_queue_full__far_client_in_a_flood(struct kunit *test)
{
	struct wire *w = spoofed(test);

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_release(w, A);
	wire_release(w, B);
	wire_run_ms(w, 61000);
	flood(w, 50, 50, CLIENTS - 1);
	comes_in_between_bursts(w);
}

/* Or where no one answered so far, it is found. */
static void syn_queue_full__first_client_in_a_flood(struct kunit *test)
{
	struct wire *w = spoofed(test);

	flood(w, 170, 50, CLIENTS - 1);
	comes_in_between_bursts(w);
}

/* Who answered, and waits with his text, makes no room for those who did not. */
static void syn_queue_full__deferred_client(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i;

	wire_knob(w, syncookies, 0);
	WIRE_EQ(w, wire_listen(w, B, 3), 0);		/* room for four */
	xtcp_own_make(w->side[B].listener->sk, GFP_KERNEL)->defer_accept = 5;
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 3500);				/* its request has come to a higher level */
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	for (i = 1; i < 8; i++)
		wire_inject(w, A, XTCP_SYN, .conn = i);
	wire_pass_all(w);
	WIRE_EQ(w, requests(), 4);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* And is in no one's way, however many of them came before: behind them someone goes. */
static void syn_queue_full__deferred_clients_shield_no_one(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 evicted = wire_counter(XTCP_CNT_REQUEST_EVICTED);
	unsigned int i;

	wire_knob(w, syncookies, 0);
	WIRE_EQ(w, wire_listen(w, B, 9), 0);		/* room for ten */
	xtcp_own_make(w->side[B].listener->sk, GFP_KERNEL)->defer_accept = 5;
	for (i = 1; i <= 8; i++)
		WIRE_EQ(w, wire_client(w, i), 0);
	wire_run_ms(w, 50);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	for (; i <= 10; i++)
		wire_inject(w, A, XTCP_SYN, .conn = i);
	wire_run_ms(w, 1500);
	WIRE_EQ(w, requests(), 10);
	wire_pass_all(w);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_counter(XTCP_CNT_REQUEST_EVICTED) - evicted, 1);
	WIRE_EQ(w, requests(), 10);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
}

/* A repeated SYN of one that is in the queue is no new one. */
static void syn_queue_full__repeated_syn_is_answered(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, max_syn_backlog, 1);
	WIRE_EQ(w, wire_listen(w, B, 100), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	inject_syns(w, 1);
	wire_run_ms(w, 600);
	inject_syns(w, 1);
	WIRE_EQ(w, requests(), 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 2);
}

static void listener_closes__requests_go(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 100), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	inject_syns(w, 4);
	WIRE_EQ(w, requests(), 4);
	wire_unlisten(w, B);
	WIRE_EQ(w, requests(), 0);
	wire_run_ms(w, 2000);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 4);
}

/* Accepted by us, by no program: the client learns it by RST. */
static void listener_closes__children_are_reset(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	wire_epoch(w);
	wire_unlisten(w, B);
	wire_run_ms(w, 100);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ECONNRESET);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
}

/* RST for a half-open connection ends it (the client's program was killed). */
static void request__rst_drops_it(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	WIRE_EQ(w, requests(), 1);
	wire_inject(w, A, XTCP_RST, .seq = 2);		/* not exact: RFC 5961 */
	WIRE_EQ(w, requests(), 1);
	wire_inject(w, A, XTCP_RST, .seq = 1);
	WIRE_EQ(w, requests(), 0);
}

/* A guessed ACK opens nothing. */
static void request__wrong_ack_gets_rst(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 77);
	WIRE_EQ(w, requests(), 1);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0        -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.000 * -> . 1 ack 77 -> SYN_RCVD\n"
		    "0.000 x <- R 77       <- SYN_RCVD\n");
}

/* --- A12: what is negotiated ---------------------------------------------- */

static void options__in_syn_and_syn_ack(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *seg;
	unsigned int n = 0;

	wire_establish(w);
	list_for_each_entry(seg, &w->segments, link) {
		bool syn = seg->ctl & XTCP_SYN;

		WIRE_EQ(w, seg->mss, syn ? WIRE_MSS : 0);
		WIRE_EQ(w, seg->has_wscale, syn);
		WIRE_EQ(w, seg->has_ts, true);
		n++;
	}
	WIRE_EQ(w, n, 3);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, WIRE_TEXT);
	WIRE_EQ(w, wire_xs(w, B)->snd.mss, WIRE_TEXT);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wscale, wire_xs(w, B)->tcb.rcv_wscale);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_wscale, wire_xs(w, A)->tcb.rcv_wscale);
}

static void window_scaling__off(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, window_scaling, 0);
	wire_establish(w);
	WIRE_EQ(w, wire_xs(w, A)->tcb.wscale_ok, 0);
	WIRE_EQ(w, wire_xs(w, B)->tcb.wscale_ok, 0);
	WIRE_EQ(w, wire_xs(w, A)->tcb.rcv_wscale, 0);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_wscale, 0);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd <= XTCP_WINDOW_MAX, true);
	wire_transfer(w, A, 200000, 10000);
}

/* For the largest window there may be: of a buffer that the user set, that is its own. */
static void window_scaling__by_the_buffer(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, rmem_max, 6291456);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 16384), 0);
	wire_establish(w);
	WIRE_EQ(w, wire_xs(w, A)->tcb.rcv_wscale, 6);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_wscale, 0);
	WIRE_EQ(w, wire_xs(w, B)->tcb.wscale_ok, 1);
	wire_transfer(w, A, 100000, 10000);
	wire_transfer(w, B, 100000, 10000);
}

static void timestamps__off(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	wire_establish(w);
	WIRE_EQ(w, wire_xs(w, A)->tcb.ts_ok, 0);
	WIRE_EQ(w, wire_xs(w, B)->tcb.ts_ok, 0);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, WIRE_MSS);
	wire_transfer(w, A, 20000, 10000);
}

/* Each side says how much it takes, and obeys the other. */
static void mss_negotiation__tcp_maxseg(struct kunit *test)
{
	struct wire *w = test->priv;

	w->show_options = true;
	wire_knob(w, timestamps, 0);
	wire_knob(w, window_scaling, 0);
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 500), 0);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 80);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_send(w, B, 1200), 1200);
	wire_run_ms(w, 5);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0 mss 500         -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 mss 1012 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1           -> ESTABLISHED\n"
		    "0.100 ...         <- . 1:501 ack 1       <- ESTABLISHED\n"
		    "0.100 ...         <- . 501:1001 ack 1    <- ESTABLISHED\n"
		    "0.100 ...         <- P. 1001:1201 ack 1  <- ESTABLISHED\n");
}

/* No option: 536 octets, 1220 with IPv6 (RFC 9293 MUST-15). */
static void mss_negotiation__no_option(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_epoch(w);
	WIRE_EQ(w, wire_send(w, B, 1500), 1500);
	if (wire_is_ipv6(w))
		WIRE_EXPECT(w,
			    "0.000 x <- . 1:1221 ack 1     <- ESTABLISHED\n"
			    "0.000 x <- P. 1221:1501 ack 1 <- ESTABLISHED\n");
	else
		WIRE_EXPECT(w,
			    "0.000 x <- . 1:537 ack 1      <- ESTABLISHED\n"
			    "0.000 x <- . 537:1073 ack 1   <- ESTABLISHED\n"
			    "0.000 x <- P. 1073:1501 ack 1 <- ESTABLISHED\n");
}

/* Whoever did not offer it gets none of it. */
static void options__peer_offers_nothing(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *seg;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	seg = list_last_entry(&w->segments, struct wire_segment, link);
	WIRE_EQ(w, seg->from, B);
	WIRE_EQ(w, seg->mss, WIRE_MSS);
	WIRE_EQ(w, seg->has_ts || seg->has_wscale || seg->sack_perm, false);
}

/* RFC 7323 3.2: the SYN-ACK echoes the SYN's clock. */
static void timestamps__are_echoed(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *syn, *syn_ack, *ack;

	wire_establish(w);
	syn = list_first_entry(&w->segments, struct wire_segment, link);
	syn_ack = list_next_entry(syn, link);
	ack = list_next_entry(syn_ack, link);
	WIRE_EQ(w, syn->tsecr, 0);
	WIRE_EQ(w, syn_ack->tsecr, syn->tsval);
	WIRE_EQ(w, ack->tsecr, syn_ack->tsval);
	/* A tick is a millisecond; 20 ms and some microseconds may touch 21. */
	WIRE_EQ(w, ack->tsval - syn->tsval - 20 <= 1, true);
}

/* A path of 600 octets is what both ends announce. */
static void mss_negotiation__mtu_of_the_route(struct kunit *test)
{
	struct wire *w = test->priv;

	w->show_options = true;
	wire_knob(w, timestamps, 0);
	wire_knob(w, window_scaling, 0);
	wire_path(w, 600);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 5);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0 mss 612        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 mss 612 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1          -> ...\n"
		    "0.020 ESTABLISHED -> . 1:613 ack 1      -> ...\n"
		    "0.020 ESTABLISHED -> P. 613:1001 ack 1  -> ...\n");
}

/* No router may cut a segment up: it must say that it is too big. */
static void mss_negotiation__no_fragmentation(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *seg;

	wire_establish(w);
	wire_transfer(w, A, 5000, 1000);
	wire_transfer(w, B, 5000, 1000);
	list_for_each_entry(seg, &w->segments, link)
		WIRE_EQ(w, seg->whole, true);
}

/* Ticks of the ISN clock between two connects of the same ports, 4 s apart. */
static u32 isn_growth(struct wire *w)
{
	u32 first;

	wire_knob(w, syn_retries, 1);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);	/* after 3 s */
	first = w->conn[0].isn[A];
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	return w->conn[0].isn[A] - first;
}

/* A8: the ISN follows the clock: the next life begins above the last. */
static void isn_clock(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, DIV_ROUND_CLOSEST(isn_growth(w), 1000), 1000);
}

static void isn_clock__tick_by_knob(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, isn_tick_ns, 64000);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(isn_growth(w), 100), 625);
}

/*
 * IP numbers the packets of a connection from anywhere on: neither how many there
 * were nor that of another connection can be read off. Alone, and never cut up by
 * routers, a SYN-ACK needs no number.
 */
static void ip_id__random(struct kunit *test)
{
	struct wire *w = test->priv;
	u16 high[2] = { };
	struct wire_segment *seg;
	unsigned int i;

	if (wire_is_ipv6(w))
		kunit_skip(test, "IPv6 numbers fragments only");
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	for (i = 1; i < 6; i++)
		WIRE_EQ(w, wire_client(w, i), 0);
	wire_run_ms(w, 50);
	wire_unlisten(w, B);		/* its children send RST */
	wire_run_ms(w, 50);
	list_for_each_entry(seg, &w->segments, link) {
		if ((seg->ctl & (XTCP_SYN | XTCP_ACK)) == (XTCP_SYN | XTCP_ACK))
			WIRE_EQ(w, seg->ip_id, 0);
		else
			high[seg->from] |= seg->ip_id >> 8;
	}
	WIRE_EQ(w, high[A] != 0, true);
	WIRE_EQ(w, high[B] != 0, true);
}

WIRE_SUITES_MAPPED(xtcp_open_wire,
	KUNIT_CASE_SLOW(normal_open),
	KUNIT_CASE_SLOW(normal_open__counts),
	KUNIT_CASE_SLOW(normal_open__measures_the_round_trip),
	KUNIT_CASE_SLOW(data_in_third_segment),
	KUNIT_CASE_SLOW(data_in_syn__not_delivered),
	KUNIT_CASE_SLOW(text_both_ways),
	KUNIT_CASE_SLOW(syn_lost__connects_on_the_second),
	KUNIT_CASE_SLOW(syn_lost__retransmits_at_1_3_7_15_31s),
	KUNIT_CASE_SLOW(syn_lost__gives_up_at_63s),
	KUNIT_CASE_SLOW(syn_lost__connect_again_afterwards),
	KUNIT_CASE_SLOW(syn_retries__2_gives_up_at_7s),
	KUNIT_CASE_SLOW(tcp_syncnt__1_gives_up_at_3s),
	KUNIT_CASE_SLOW(rto_init__250ms),
	KUNIT_CASE_SLOW(rto_max__bounds_the_doubling),
	KUNIT_CASE_SLOW(user_timeout__bounds_connect),
	KUNIT_CASE_SLOW(connect_nonblocking__error_by_so_error),
	KUNIT_CASE_SLOW(connect_nonblocking__close_while_connecting),
	KUNIT_CASE_SLOW(syn_corrupt__dropped_by_checksum),
	KUNIT_CASE_SLOW(syn_duplicated__one_connection),
	KUNIT_CASE_SLOW(synack_lost__each_side_by_its_own_knob),
	KUNIT_CASE_SLOW(synack_lost__servers_own_retry_connects),
	KUNIT_CASE_SLOW(synack_lost__repeated_syn_is_answered),
	KUNIT_CASE_SLOW(synack_lost__server_gives_up_at_63s),
	KUNIT_CASE_SLOW(third_ack_lost__server_repeats),
	KUNIT_CASE_SLOW(third_ack_lost_then_data),
	KUNIT_CASE_SLOW(third_ack_lost__server_gives_up_then_data_gets_rst),
	KUNIT_CASE_SLOW(third_ack_overtaken_by_data),
	KUNIT_CASE_SLOW(old_syn_first),
	KUNIT_CASE_SLOW(old_syn_first__new_syn_while_half_open),
	KUNIT_CASE_SLOW(old_syn_first__no_old_text),
	KUNIT_CASE_SLOW(simultaneous_open),
	KUNIT_CASE_SLOW(simultaneous_open__synack_lost),
	KUNIT_CASE_SLOW(simultaneous_open__syn_repeated),
	KUNIT_CASE_SLOW(simultaneous_open__refused),
	KUNIT_CASE_SLOW(connect_refused),
	KUNIT_CASE_SLOW(closed_port__rst_acknowledges_all),
	KUNIT_CASE_SLOW(accept_queue_full__syn_is_dropped),
	KUNIT_CASE_SLOW(accept_queue_full__listen_again),
	KUNIT_CASE_SLOW(accept_queue_full__third_segment_is_dropped),
	KUNIT_CASE_SLOW(syn_queue_full__by_knob),
	KUNIT_CASE_SLOW(syn_queue_full__by_backlog),
	KUNIT_CASE_SLOW(syn_queue_full__honest_burst),
	KUNIT_CASE_SLOW(syn_queue_full__honest_client),
	KUNIT_CASE_SLOW(syn_queue_full__honest_client_in_a_flood),
	KUNIT_CASE_SLOW(syn_queue_full__far_client_in_a_flood),
	KUNIT_CASE_SLOW(syn_queue_full__first_client_in_a_flood),
	KUNIT_CASE_SLOW(syn_queue_full__deferred_client),
	KUNIT_CASE_SLOW(syn_queue_full__deferred_clients_shield_no_one),
	KUNIT_CASE_SLOW(syn_queue_full__repeated_syn_is_answered),
	KUNIT_CASE_SLOW(listener_closes__requests_go),
	KUNIT_CASE_SLOW(listener_closes__children_are_reset),
	KUNIT_CASE_SLOW(request__rst_drops_it),
	KUNIT_CASE_SLOW(request__wrong_ack_gets_rst),
	KUNIT_CASE_SLOW(options__in_syn_and_syn_ack),
	KUNIT_CASE_SLOW(options__peer_offers_nothing),
	KUNIT_CASE_SLOW(window_scaling__off),
	KUNIT_CASE_SLOW(window_scaling__by_the_buffer),
	KUNIT_CASE_SLOW(timestamps__off),
	KUNIT_CASE_SLOW(timestamps__are_echoed),
	KUNIT_CASE_SLOW(mss_negotiation__tcp_maxseg),
	KUNIT_CASE_SLOW(mss_negotiation__no_option),
	KUNIT_CASE_SLOW(mss_negotiation__mtu_of_the_route),
	KUNIT_CASE_SLOW(mss_negotiation__no_fragmentation),
	KUNIT_CASE_SLOW(isn_clock),
	KUNIT_CASE_SLOW(isn_clock__tick_by_knob),
	KUNIT_CASE_SLOW(ip_id__random),
	{ }
);
