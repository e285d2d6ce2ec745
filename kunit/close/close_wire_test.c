// SPDX-License-Identifier: GPL-2.0
/* Ending a connection, as ladders: mission C, module/close/. */

#include <linux/tcp.h>
#include "../wire.h"
#include "../wire_ip.h"

static int time_waits(void)
{
	return atomic_read(&xtcp_net(&init_net)->time_waits);
}

static int orphans(void)
{
	return atomic_read(&xtcp_net(&init_net)->orphans);
}

/* A connection and nothing else: whoever is gone is CLOSED, not LISTEN. */
/* A closes, B a tenth of a second later. */
static void close_both(struct wire *w)
{
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1), 0);
	wire_release(w, B);
	wire_run_ms(w, 100);
}

/* --- C1 ------------------------------------------------------------------- */

static void normal_close(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	close_both(w);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.010 FIN_WAIT_2 <- . 1 ack 2  <- CLOSE_WAIT\n"
		    "0.100 TIME_WAIT  <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.110 TIME_WAIT  -> . 2 ack 2  -> CLOSED\n");
}

/* Only the active closer has TIME_WAIT. */
static void normal_close__one_time_wait(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 made = wire_counter(XTCP_CNT_TIME_WAITS);

	close_both(w);
	WIRE_EQ(w, time_waits(), 1);
	WIRE_EQ(w, orphans(), 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_TIME_WAITS) - made, 1);
}

static void normal_close__server_first(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_release(w, B);
	wire_run_ms(w, 100);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 CLOSE_WAIT <- F. 1 ack 1 <- FIN_WAIT_1\n"
		    "0.010 CLOSE_WAIT -> . 1 ack 2  -> FIN_WAIT_2\n"
		    "0.100 LAST_ACK   -> F. 1 ack 2 -> TIME_WAIT\n"
		    "0.110 CLOSED     <- . 2 ack 2  <- TIME_WAIT\n");
}

/* PSH is about text (MUST-61): where the user wrote some, and else nowhere. */
static void normal_close__push(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct wire_segment *seg;
	unsigned int pushed = 0;

	close_both(w);
	list_for_each_entry(seg, &w->segments, link)
		pushed += !!(seg->ctl & XTCP_PSH);
	WIRE_EQ(w, pushed, 0);
}

static void close_after_text__fin_rides_on_it(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send_flags(w, A, 100, MSG_MORE), 100);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 0);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> FP. 1:101 ack 1 -> CLOSE_WAIT\n"
		    "0.010 FIN_WAIT_2 <- . 1 ack 102     <- CLOSE_WAIT\n");
}

/* close() does not throw away what was written before it. */
static void close_after_text__all_of_it_arrives(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 30000), 30000);
	wire_release(w, A);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 40000), 30000);
	WIRE_EQ(w, wire_recv(w, B, 1), 0);
	WIRE_STATE(w, A, FIN_WAIT_2);
	WIRE_STATE(w, B, CLOSE_WAIT);
}

/* @seq: of the peer's next segment. */
static void window_opens(struct wire *w, u32 seq)
{
	u8 state = wire_state(w, A);

	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) > 2, true);	/* it was probed */
	wire_inject(w, B, XTCP_ACK, .seq = seq, .ack = 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA) > 1, true);	/* sent again */
	WIRE_EQ(w, wire_state(w, A), state);
	wire_inject(w, B, XTCP_ACK, .seq = seq, .ack = 102);
}

/* What could not be sent before goes, with the FIN, when the window opens, and again. */
static void close_after_text__window_was_shut(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_STATE(w, A, FIN_WAIT_1);
	window_opens(w, 1);
	WIRE_STATE(w, A, FIN_WAIT_2);
}

/* A FIN takes a number, and that is to be inside of the window, too. */
static void fin__waits_for_the_window(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_STATE(w, A, FIN_WAIT_1);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) > 1, true);	/* it was probed */
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 1);
}

/* Also where its text fills that: it goes behind it. */
static void fin__waits_behind_a_full_window(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u32 full = 1U << wire_xs(w, A)->tcb.snd_wscale;

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 1);
	WIRE_EQ(w, wire_send(w, A, full), full);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 0);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1 + full, .wnd = 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 1);
}

/* Also when the peer closed meanwhile. */
static void simultaneous_close__window_was_shut(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_inject(w, B, XTCP_ACK | XTCP_FIN, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_STATE(w, A, CLOSING);
	window_opens(w, 2);
	WIRE_STATE(w, A, TIME_WAIT);
}

/* Or had closed before. */
static void last_ack__window_was_shut(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, B, XTCP_ACK | XTCP_FIN, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_release(w, A);
	WIRE_STATE(w, A, LAST_ACK);
	window_opens(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

/* The server's ACK is lost, its FIN says the same: three segments arrive. */
static void three_segment_close(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_QUICKACK, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 30);
	wire_release(w, B);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.030 TIME_WAIT  <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.040 TIME_WAIT  -> . 2 ack 2  -> CLOSED\n");
}

/* The ACK of the first FIN waits no longer than any other. */
static void three_segment_close__too_late(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, delack_ms, 40);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_QUICKACK, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 100);
	wire_release(w, B);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.050 FIN_WAIT_2 <- . 1 ack 2  <- CLOSE_WAIT\n"
		    "0.100 TIME_WAIT  <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.110 TIME_WAIT  -> . 2 ack 2  -> CLOSED\n");
}

/* The second segment is lost: the third tells what it said. */
static void three_segment_close__by_loss(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, B, WIRE_ACK, 1, 1);
	wire_release(w, A);
	wire_run_ms(w, 50);
	wire_release(w, B);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.010 x          <- . 1 ack 2  <- CLOSE_WAIT\n"
		    "0.050 TIME_WAIT  <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.060 TIME_WAIT  -> . 2 ack 2  -> CLOSED\n");
}

static void half_close__server_goes_on_sending(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1), 0);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, A, 1000), 100);
	wire_release(w, B);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, A, 1000), 0);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1     -> CLOSE_WAIT\n"
		    "0.010 FIN_WAIT_2 <- . 1 ack 2      <- CLOSE_WAIT\n"
		    "0.100 FIN_WAIT_2 <- P. 1:101 ack 2 <- CLOSE_WAIT\n"
		    "0.110 FIN_WAIT_2 -> . 2 ack 101    -> CLOSE_WAIT\n"
		    "0.200 TIME_WAIT  <- F. 101 ack 2   <- LAST_ACK\n"
		    "0.210 TIME_WAIT  -> . 2 ack 102    -> CLOSED\n");
}

static void half_close__client_goes_on_sending(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, B, SHUT_WR), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 CLOSE_WAIT <- F. 1 ack 1     <- FIN_WAIT_1\n"
		    "0.010 CLOSE_WAIT -> . 1 ack 2      -> FIN_WAIT_2\n"
		    "0.100 CLOSE_WAIT -> P. 1:101 ack 2 -> FIN_WAIT_2\n"
		    "0.110 CLOSE_WAIT <- . 2 ack 101    <- FIN_WAIT_2\n"
		    "0.200 LAST_ACK   -> F. 101 ack 2   -> TIME_WAIT\n"
		    "0.210 CLOSED     <- . 2 ack 102    <- TIME_WAIT\n");
}

/* A half-open connection lasts as long as someone owns it. */
static void half_close__no_time_limit(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 250000);
	WIRE_STATE(w, A, FIN_WAIT_2);
	WIRE_STATE(w, B, CLOSE_WAIT);
	wire_transfer(w, B, 100, 100);
}

/* C5: nobody closes: CLOSE_WAIT, for ever. */
static void close_wait_leak(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_release(w, A);
	wire_run_ms(w, 250000);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_STATE(w, A, CLOSED);
}

static void shutdown_rd__takes_no_segment(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, A, SHUT_RD), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w, "");
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_recv(w, A, 1), 0);
}

static void simultaneous_close(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_release(w, A);
	wire_release(w, B);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSING\n"
		    "0.000 CLOSING    <- F. 1 ack 1 <- FIN_WAIT_1\n"
		    "0.010 TIME_WAIT  <- . 2 ack 2  <- CLOSING\n"
		    "0.010 CLOSING    -> . 2 ack 2  -> TIME_WAIT\n");
	WIRE_EQ(w, time_waits(), 2);
}

/* close() in SYN_RCVD (RFC 9293 3.10.4): the FIN waits for the handshake's end. */
static void close_in_syn_rcvd(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 1500);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT   -> S 0        -> SYN_RCVD\n"
		    "0.000 SYN_RCVD   <- S 0        <- SYN_SENT\n"
		    "0.010 x          <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.010 SYN_RCVD   -> S. 0 ack 1 -> ESTABLISHED\n"
		    "1.010 SYN_RCVD   -> S. 0 ack 1 -> ESTABLISHED\n"
		    "1.020 FIN_WAIT_1 <- . 1 ack 1  <- ESTABLISHED\n"
		    "1.030 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "1.040 FIN_WAIT_2 <- . 1 ack 2  <- CLOSE_WAIT\n");
}

/* The segment that ends SYN_RCVD is the peer's FIN as well: two states at once. */
static void close_in_syn_rcvd__fin_comes_along(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, B, XTCP_FIN | XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_STATE(w, A, CLOSING);
	wire_inject(w, B, XTCP_ACK, .seq = 2, .ack = 2);
	WIRE_STATE(w, A, TIME_WAIT);
}

/* --- C2: one of the four is lost ------------------------------------------ */

static void first_fin_lost(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_FIN, 1, 2);
	wire_release(w, A);
	wire_run_ms(w, 1000);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> x\n"
		    "0.200 FIN_WAIT_1 -> F. 1 ack 1 -> x\n"
		    "0.600 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.610 FIN_WAIT_2 <- . 1 ack 2  <- CLOSE_WAIT\n");
}

static void first_fin_lost__orphan_retries(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, orphan_retries, 3);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_release(w, A);
	WIRE_EQ(w, orphans(), 1);
	wire_run_ms(w, 2999);
	WIRE_STATE(w, A, FIN_WAIT_1);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, orphans(), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 4);
}

static void fin_ack_lost(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, B, WIRE_ACK, 1, 1);
	wire_release(w, A);
	wire_run_ms(w, 1000);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.010 x          <- . 1 ack 2  <- CLOSE_WAIT\n"
		    "0.200 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.210 FIN_WAIT_2 <- . 1 ack 2  <- CLOSE_WAIT\n");
}

static void second_fin_lost(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, B, WIRE_FIN, 1, 1);
	close_both(w);
	wire_run_ms(w, 300);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.010 FIN_WAIT_2 <- . 1 ack 2  <- CLOSE_WAIT\n"
		    "0.100 x          <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.300 TIME_WAIT  <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.310 TIME_WAIT  -> . 2 ack 2  -> CLOSED\n");
}

/* The closer waits no longer than fin_timeout_ms; the other one gives up by itself. */
static void second_fin_lost__for_ever(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, fin_timeout_ms, 1500);
	wire_knob(w, orphan_retries, 3);
	wire_drop(w, B, WIRE_FIN, 1, WIRE_FOREVER);
	close_both(w);				/* FIN_WAIT_2 since 0.020 */
	wire_run_to_ms(w, 1519);
	WIRE_STATE(w, A, FIN_WAIT_2);
	wire_run_to_ms(w, 1521);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, time_waits(), 0);
	wire_run_to_ms(w, 3099);
	WIRE_STATE(w, B, LAST_ACK);
	wire_run_to_ms(w, 3101);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_count(w, B, WIRE_FIN), 4);
}

/* Each FIN that comes again gets its ACK: they are no attack (RFC 5961 7 is for others). */
static void last_ack_lost__fins_in_a_row(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	unsigned int acks;

	wire_knob(w, invalid_ratelimit_ms, 500);
	close_both(w);
	WIRE_STATE(w, A, TIME_WAIT);
	acks = wire_count(w, A, WIRE_ACK);
	wire_inject(w, B, XTCP_FIN | XTCP_ACK, .seq = 1, .ack = 2);
	wire_inject(w, B, XTCP_FIN | XTCP_ACK, .seq = 1, .ack = 2);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - acks, 2);
}

/* TIME_WAIT is there for this: it answers again, and its 2MSL begin anew. */
static void last_ack_lost(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, msl_ms, 1000);
	wire_drop(w, A, WIRE_ACK, 1, 1);
	close_both(w);
	wire_run_ms(w, 300);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.010 FIN_WAIT_2 <- . 1 ack 2  <- CLOSE_WAIT\n"
		    "0.100 TIME_WAIT  <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.110 TIME_WAIT  -> . 2 ack 2  -> x\n"
		    "0.300 TIME_WAIT  <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.310 TIME_WAIT  -> . 2 ack 2  -> CLOSED\n");
	wire_run_ms(w, 1809);			/* 2.309 */
	WIRE_STATE(w, A, TIME_WAIT);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

/* FIN and text lost together come again together. */
static void text_and_fin_lost(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_FIN, 1, 1);
	WIRE_EQ(w, wire_send_flags(w, A, 100, MSG_MORE), 100);
	wire_release(w, A);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> FP. 1:101 ack 1 -> x\n"
		    "0.200 FIN_WAIT_1 -> FP. 1:101 ack 1 -> CLOSE_WAIT\n"
		    "0.210 FIN_WAIT_2 <- . 1 ack 102     <- CLOSE_WAIT\n");
}

/* The FIN overtakes text: it waits for it. */
static void fin_overtakes_text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_hold(w, A, WIRE_DATA, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 0);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> CLOSE_WAIT\n"
		    "0.000 FIN_WAIT_1  -> F. 101 ack 1   -> ESTABLISHED\n"
		    "0.010 FIN_WAIT_1  <- . 1 ack 1      <- ESTABLISHED\n"
		    "0.010 FIN_WAIT_2  <- . 1 ack 102    <- CLOSE_WAIT\n");
}

/* --- C3: TIME_WAIT -------------------------------------------------------- */

static void time_wait_2msl__60s(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	close_both(w);				/* TIME_WAIT since 0.110 */
	wire_run_ms(w, 59909);			/* 60.109 */
	WIRE_STATE(w, A, TIME_WAIT);
	WIRE_EQ(w, time_waits(), 1);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, time_waits(), 0);
}

static void time_wait_2msl__by_knob(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, msl_ms, 1000);
	close_both(w);
	wire_run_ms(w, 1909);			/* 2.109 */
	WIRE_STATE(w, A, TIME_WAIT);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

/* It is answered, so that a confused peer learns; it delivers and lasts nothing. */
static void time_wait_late_segment(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, msl_ms, 1000);
	close_both(w);
	wire_run_ms(w, 800);			/* 1.000 */
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1 -> CLOSE_WAIT\n"
		    "0.010 FIN_WAIT_2 <- . 1 ack 2  <- CLOSE_WAIT\n"
		    "0.100 TIME_WAIT  <- F. 1 ack 2 <- LAST_ACK\n"
		    "0.110 TIME_WAIT  -> . 2 ack 2  -> CLOSED\n");
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, B, XTCP_ACK, .seq = -100, .ack = 1, .len = 100, .junk = true);
	wire_inject(w, B, XTCP_ACK, .seq = 2, .ack = 2);
	WIRE_EXPECT(w,
		    "1.000 TIME_WAIT  <- . -100:0 ack 1 <- *\n"
		    "1.000 TIME_WAIT  -> . 2 ack 2      -> x\n"
		    "1.000 TIME_WAIT  <- . 2 ack 2      <- *\n");
	wire_run_ms(w, 1109);			/* 2.109: 2MSL since 0.110 */
	WIRE_STATE(w, A, TIME_WAIT);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

static void time_wait_rst__survives_under_rfc1337(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, rfc1337, 1);
	close_both(w);
	wire_inject(w, B, XTCP_RST, .seq = 2);
	WIRE_STATE(w, A, TIME_WAIT);
	wire_run_ms(w, 59000);
	WIRE_STATE(w, A, TIME_WAIT);
}

static void time_wait_rst__kills_without_rfc1337(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, rfc1337, 0);
	close_both(w);
	wire_inject(w, B, XTCP_RST, .seq = 3);		/* not exact */
	WIRE_STATE(w, A, TIME_WAIT);
	wire_inject(w, B, XTCP_RST, .seq = 2);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, time_waits(), 0);
}

enum { PORTS = 4 };

/* A client whose port is one of PORTS; it closes first. 0 or -errno. */
static int open_and_close(struct wire *w, unsigned int conn)
{
	int err = wire_client_port(w, conn, WIRE_PORT_A + 1, WIRE_PORT_A + PORTS);

	if (err)
		return err;
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_client_release(w, conn);
	wire_run_ms(w, 50);
	wire_release(w, B);
	wire_run_ms(w, 50);
	return 0;
}

/* Every port to this server is in TIME_WAIT: connect() must wait for 2MSL. */
static void time_wait_exhaustion(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i;

	wire_knob(w, tw_reuse, 0);
	wire_knob(w, msl_ms, 1000);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	for (i = 0; i < PORTS; i++)
		WIRE_EQ(w, open_and_close(w, 1), 0);
	WIRE_EQ(w, time_waits(), PORTS);
	WIRE_EQ(w, open_and_close(w, 1), -EADDRNOTAVAIL);
	wire_run_ms(w, 1400);			/* the first one waits since 0.130 */
	WIRE_EQ(w, open_and_close(w, 1), -EADDRNOTAVAIL);
	wire_run_ms(w, 100);
	WIRE_EQ(w, open_and_close(w, 1), 0);
}

static void time_wait__max_tw_0_makes_none(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 overflow = wire_counter(XTCP_CNT_TIME_WAIT_OVERFLOW);

	wire_knob(w, max_tw, 0);
	close_both(w);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, time_waits(), 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_TIME_WAIT_OVERFLOW) - overflow, 1);
}

/* So many there may be, and one more when one of them is over. */
static void time_wait__max_tw(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 overflow = wire_counter(XTCP_CNT_TIME_WAIT_OVERFLOW);

	wire_knob(w, max_tw, 2);
	wire_knob(w, msl_ms, 1000);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, open_and_close(w, 1), 0);
	WIRE_EQ(w, open_and_close(w, 1), 0);
	WIRE_EQ(w, time_waits(), 2);
	WIRE_EQ(w, wire_counter(XTCP_CNT_TIME_WAIT_OVERFLOW) - overflow, 0);
	WIRE_EQ(w, open_and_close(w, 1), 0);
	WIRE_EQ(w, time_waits(), 2);
	WIRE_EQ(w, wire_counter(XTCP_CNT_TIME_WAIT_OVERFLOW) - overflow, 1);
	wire_run_ms(w, 2000);
	WIRE_EQ(w, time_waits(), 0);
	WIRE_EQ(w, open_and_close(w, 1), 0);
	WIRE_EQ(w, time_waits(), 1);
}

/* RFC 6191: the server closed first; the client's next SYN is newer. */
static void time_wait_reuse__by_new_syn(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 reused = wire_counter(XTCP_CNT_TIME_WAIT_REUSED);

	wire_establish(w);
	wire_release(w, B);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_STATE(w, B, TIME_WAIT);
	WIRE_STATE(w, A, CLOSED);
	wire_run_ms(w, 1000);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
	WIRE_EQ(w, wire_counter(XTCP_CNT_TIME_WAIT_REUSED) - reused, 1);
	WIRE_EQ(w, time_waits(), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 1000, 1000);
}

/* RFC 9293 3.10.7.4: above all numbers of the old life, wherever others begin. */
static void time_wait_reuse__numbers_of_the_new_life(struct kunit *test)
{
	struct wire *w = test->priv;
	u32 old;

	wire_knob(w, isn_mode, XTCP_ISN_CONSTANT);
	wire_establish(w);
	old = w->conn[0].isn[B];
	wire_release(w, B);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 1100);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, xtcp_seq_gt(w->conn[0].isn[B], old + XTCP_WINDOW_MAX), true);
}

/* The old SYN of the old life opens nothing. */
static void time_wait_reuse__not_by_old_syn(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	wire_release(w, B);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 100);
	wire_epoch(w);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN, .seq = 0, .ts_age = 500);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0       -> TIME_WAIT\n"
		    "0.000 x <- . 2 ack 2 <- TIME_WAIT\n");
}

/* The listener judges its SYN, whoever stood in its place. */
static void time_wait_reuse__listener_filters(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 filtered = wire_counter(XTCP_DROP_FILTER);

	wire_establish(w);
	wire_release(w, B);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 1100);
	wire_filter(w, w->side[B].listener->sk, 0);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 1500);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0 -> TIME_WAIT\n"
		    "1.000 SYN_SENT -> S 0 -> TIME_WAIT\n");
	WIRE_EQ(w, wire_counter(XTCP_DROP_FILTER) - filtered, 2);
}

/* The server closed first, and shall start again at once. */
static void time_wait_reuse__so_reuseaddr(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_release(w, B);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_STATE(w, B, TIME_WAIT);
	w->no_reuse = true;
	WIRE_EQ(w, wire_listen(w, B, 8), -EADDRINUSE);
	w->no_reuse = false;
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
}

/*
 * The newest timestamp of the peer is echoed (RFC 7323 4.3), and is what the SYN of a new
 * life must exceed (RFC 6191), whenever in TIME_WAIT it came.
 */
static void time_wait__newest_timestamp(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *fin, *ack;

	wire_establish(w);
	wire_release(w, B);
	fin = list_last_entry(&w->segments, struct wire_segment, link);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 100);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_ACK, .seq = 2, .ack = 2, .ts_age = -1000);
	wire_inject(w, A, XTCP_FIN | XTCP_ACK, .seq = 1, .ack = 2, .ts_age = -1000);
	ack = list_last_entry(&w->segments, struct wire_segment, link);
	WIRE_EQ(w, ack->from, B);
	WIRE_EQ(w, ack->tsecr, w->conn[0].tsval[A] + 1000);
	WIRE_EQ(w, ack->wnd, fin->wnd);
	wire_inject(w, A, XTCP_SYN, .seq = 100, .ts_age = -999);
	WIRE_STATE(w, B, TIME_WAIT);
	wire_inject(w, A, XTCP_SYN, .seq = 100, .ts_age = -1001);
	WIRE_STATE(w, B, SYN_RCVD);
}

/* RFC 9293 3.10.7.4: each FIN gets its ACK, however often it comes; and the clock is that of before. */
static void time_wait__each_fin_is_answered(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i, acks;
	u32 tsval;

	/* The plain clock (2), or from an offset of the connection's. */
	wire_knob(w, timestamps, 2);
	wire_establish(w);
	close_both(w);
	WIRE_STATE(w, A, TIME_WAIT);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	acks = wire_count(w, A, WIRE_ACK);
	tsval = w->conn[0].tsval[A];
	for (i = 0; i < 4; i++)
		wire_inject(w, B, XTCP_FIN | XTCP_ACK, .seq = 1, .ack = 2);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - acks, 4);
	WIRE_EQ(w, w->conn[0].tsval[A] - tsval < 1000, true);
}

/* bind() of another to the port of A at all addresses, for the device @dev. */
static int bind_for_device(struct wire *w, int dev)
{
	struct sockaddr_in6 any = { .sin6_family = w->sockets->family,
				    .sin6_port = htons(w->side[A].port) };
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, w->sockets->family, SOCK_STREAM, WIRE_PROTOCOL, &sock);
	if (err)
		return err;
	err = sock_bindtoindex(sock->sk, dev, true) ?:
	      call_bind(sock, &any, sizeof(any));
	sock_release(sock);
	return err;
}

/* Its port is taken on its device alone, as that of its socket was. */
static void time_wait__port_of_one_device(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, sock_bindtoindex(w->side[A].sock->sk, LOOPBACK_IFINDEX, true), 0);
	wire_establish(w);
	WIRE_EQ(w, bind_for_device(w, LOOPBACK_IFINDEX + 100), 0);
	wire_unlisten(w, B);
	close_both(w);
	WIRE_STATE(w, A, TIME_WAIT);
	WIRE_EQ(w, bind_for_device(w, LOOPBACK_IFINDEX + 100), 0);
	WIRE_EQ(w, bind_for_device(w, LOOPBACK_IFINDEX), -EADDRINUSE);
	WIRE_EQ(w, bind_for_device(w, 0), -EADDRINUSE);
	wire_run_ms(w, 60000);
	WIRE_EQ(w, bind_for_device(w, LOOPBACK_IFINDEX), 0);
}

static void linger0__sends_rst(struct kunit *test)
{
	u64 resets = wire_counter(XTCP_CNT_ESTAB_RESETS);
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 0);
	WIRE_STATE(w, A, CLOSED);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
	WIRE_EQ(w, time_waits(), 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ESTAB_RESETS) - resets, 2);
}

/* RFC 4022 tcpEstabResets: out of CLOSE_WAIT, too, but not once it was closed here. */
static void reset__counts_until_close(struct kunit *test)
{
	u64 resets = wire_counter(XTCP_CNT_ESTAB_RESETS);
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 50);
	wire_inject(w, A, XTCP_RST, .seq = 2);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ESTAB_RESETS) - resets, 1);
	wire_inject(w, B, XTCP_RST, .seq = 1);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ESTAB_RESETS) - resets, 1);
}

/* RFC 7323 3.2: a RST SHOULD carry timestamps where all else does. */
static void linger0__rst_has_timestamps(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	w->show_options = true;
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 20);
	WIRE_EXPECT(w, "0.000 ESTABLISHED -> R. 1 ack 1 ts -> CLOSED\n");
}

/* Of A, whose FIN is lost once: a retransmission and a round trip. */
static void close_lingering(struct wire *w)
{
	WIRE_EQ(w, wire_linger(w, A, 5), 0);
	wire_release(w, A);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 220);
}

/* close() waits for the ACK of its FIN, no longer than told. */
static void linger__waits_for_the_ack(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_FIN, 1, 1);
	close_lingering(w);
	WIRE_STATE(w, A, FIN_WAIT_2);
}

/* Also of a FIN that shutdown() sent. */
static void linger__after_shutdown(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_FIN, 1, 1);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	close_lingering(w);
	WIRE_STATE(w, A, FIN_WAIT_2);
}

/* Who closes last waits as well. */
static void linger__in_last_ack(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_release(w, B);
	wire_run_ms(w, 50);
	wire_epoch(w);
	wire_drop(w, A, WIRE_FIN, 1, 1);
	close_lingering(w);
	WIRE_STATE(w, A, CLOSED);
}

/* It goes on trying after the time that close() took. */
static void linger__time_is_up(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_FIN, 1, 4);
	WIRE_EQ(w, wire_linger(w, A, 2), 0);
	wire_release(w, A);
	WIRE_EQ(w, wire_now_us(w) >= 2000000 && wire_now_us(w) < 2100000, true);
	WIRE_STATE(w, A, FIN_WAIT_1);
	WIRE_EQ(w, orphans(), 1);
	wire_run_ms(w, 1500);
	WIRE_STATE(w, A, FIN_WAIT_2);
}

/* --- FIN_WAIT_2 of an orphan ---------------------------------------------- */

static void fin_wait_2__orphan_60s(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, fin_timeout_ms, 60000);
	wire_release(w, A);			/* FIN_WAIT_2 at 0.020 */
	wire_run_ms(w, 60019);
	WIRE_STATE(w, A, FIN_WAIT_2);
	WIRE_EQ(w, orphans(), 1);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, orphans(), 0);
	WIRE_STATE(w, B, CLOSE_WAIT);
}

static void fin_wait_2__tcp_linger2(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_LINGER2, 5), 0);
	wire_release(w, A);
	wire_run_ms(w, 5019);
	WIRE_STATE(w, A, FIN_WAIT_2);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

/* TCP_LINGER2 below 0: no patience at all. */
static void fin_wait_2__tcp_linger2_negative(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_LINGER2, -1), 0);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
	WIRE_EQ(w, orphans(), 0);
}

/* shutdown() first, close() later: the wait begins when no one owns it. */
static void fin_wait_2__closed_later(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, fin_timeout_ms, 10000);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 50000);
	WIRE_STATE(w, A, FIN_WAIT_2);
	wire_release(w, A);
	wire_run_ms(w, 9999);
	WIRE_STATE(w, A, FIN_WAIT_2);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

/* Its ACK was lost: text that was read comes again, the FIN behind it. No one misses it. */
static void fin_wait_2__read_text_again_with_fin(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .len = 100);
	WIRE_EQ(w, wire_recv(w, A, 1000), 100);
	wire_release(w, A);
	wire_inject(w, B, XTCP_ACK, .seq = 101, .ack = 2);
	WIRE_STATE(w, A, FIN_WAIT_2);
	wire_inject(w, B, XTCP_ACK | XTCP_FIN, .seq = 1, .ack = 2, .len = 100);
	WIRE_STATE(w, A, TIME_WAIT);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 0);
}

/* After that the peer's text finds no one. */
static void fin_wait_2__late_text_gets_rst(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, fin_timeout_ms, 1000);
	wire_release(w, A);
	wire_run_ms(w, 2000);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 FIN_WAIT_1 -> F. 1 ack 1     -> CLOSE_WAIT\n"
		    "0.010 FIN_WAIT_2 <- . 1 ack 2      <- CLOSE_WAIT\n"
		    "2.000 CLOSED     <- P. 1:101 ack 2 <- CLOSE_WAIT\n"
		    "2.010 CLOSED     -> R 2            -> CLOSED\n");
	WIRE_EQ(w, wire_error(w, B), EPIPE);
}

/* --- RST instead of FIN --------------------------------------------------- */

/* RFC 2525 2.17: the peer must know that its text was not read. */
static void close_with_unread_data__sends_rst(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_CLOSE);

	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 100);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 0);
	WIRE_STATE(w, A, CLOSED);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_CLOSE) - aborts, 1);
}

/* A has text and FIN of B, and said its own FIN, which B never saw. */
static void close_unread(struct wire *w)
{
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_CLOSE);

	wire_release(w, A);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_CLOSE) - aborts, 1);
	WIRE_STATE(w, A, CLOSED);
	WIRE_STATE(w, B, CLOSED);
}

/* That both have closed makes no difference: the text is lost. */
static void close_with_unread_data__in_last_ack(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, B, 100), 100);
	WIRE_EQ(w, wire_shutdown(w, B, SHUT_WR), 0);
	wire_run_ms(w, 100);
	wire_drop(w, A, WIRE_FIN, 1, 1);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_STATE(w, A, LAST_ACK);
	close_unread(w);
}

static void close_with_unread_data__in_closing(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 50);
	wire_drop(w, A, WIRE_FIN, 1, 1);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_EQ(w, wire_shutdown(w, B, SHUT_WR), 0);
	wire_run_ms(w, 15);
	WIRE_STATE(w, A, CLOSING);
	close_unread(w);
}

/* Who gives up what he wrote must say so, although he closed. */
static void disconnect_in_last_ack(struct kunit *test, unsigned int unsent, unsigned int rsts)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, B, SHUT_WR), 0);
	wire_run_ms(w, 50);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	if (unsent)
		WIRE_EQ(w, wire_send(w, A, unsent), unsent);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_STATE(w, A, LAST_ACK);
	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), rsts);
}

static void disconnect__in_last_ack(struct kunit *test)
{
	disconnect_in_last_ack(test, 0, 0);
}

static void disconnect__in_last_ack_with_unsent_text(struct kunit *test)
{
	disconnect_in_last_ack(test, 30000, 1);
}

/* Who has shut both ways takes no more text: that is as good as closed (SHLD-3). */
static void expect_no_text(struct kunit *test, int first, int second)
{
	struct wire *w = wire_connected(test);
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_DATA);

	WIRE_EQ(w, wire_shutdown(w, A, first), 0);
	wire_run_ms(w, 50);
	if (second >= 0)
		WIRE_EQ(w, wire_shutdown(w, A, second), 0);
	wire_run_ms(w, 50);
	WIRE_STATE(w, A, FIN_WAIT_2);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
	WIRE_STATE(w, A, CLOSED);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), EPIPE);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_DATA) - aborts, 1);
}

static void shutdown_both__text_gets_rst(struct kunit *test)
{
	expect_no_text(test, SHUT_RDWR, -1);
}

static void shutdown_both__wr_then_rd(struct kunit *test)
{
	expect_no_text(test, SHUT_WR, SHUT_RD);
}

static void shutdown_both__rd_then_wr(struct kunit *test)
{
	expect_no_text(test, SHUT_RD, SHUT_WR);
}

/* The end of the stream is no reason: here nobody shut reading. */
static void half_close__takes_text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, A, 1000), 100);
}

static void data_after_close__gets_rst(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_DATA);

	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
	WIRE_STATE(w, A, CLOSED);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), EPIPE);
	WIRE_EQ(w, wire_send(w, B, 1), -EPIPE);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_DATA) - aborts, 1);
}

/* One orphan too many is reset, not remembered. */
static void close__too_many_orphans(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_MEMORY);

	wire_knob(w, max_orphans, 0);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, orphans(), 0);
	WIRE_STATE(w, A, CLOSED);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_MEMORY) - aborts, 1);
}

/* As many as the knob says are none too many. */
static void close__as_many_orphans_as_may_be(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, max_orphans, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_client(w, 1), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	wire_drop(w, A, WIRE_FIN, 1, WIRE_FOREVER);
	wire_release(w, A);
	WIRE_EQ(w, orphans(), 1);
	WIRE_STATE(w, A, FIN_WAIT_1);
	wire_client_release(w, 1);
	WIRE_EQ(w, orphans(), 1);
	WIRE_STATE(w, A, FIN_WAIT_1);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
}

/* The kernel closes for it: a FIN, and RST for whatever is still said to it. */
static void server_process_killed(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_release(w, B);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 CLOSE_WAIT <- F. 1 ack 1     <- FIN_WAIT_1\n"
		    "0.010 CLOSE_WAIT -> . 1 ack 2      -> FIN_WAIT_2\n"
		    "0.050 CLOSE_WAIT -> P. 1:101 ack 2 -> CLOSED\n"
		    "0.060 CLOSED     <- R. 2 ack 1     <- CLOSED\n");
	WIRE_EQ(w, wire_error(w, A), EPIPE);
}

/* It died with requests unread: the client must not think they were served. */
static void server_process_killed__unread_text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	wire_release(w, B);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n"
		    "0.050 CLOSED      <- R. 1 ack 101   <- ESTABLISHED\n");
	WIRE_EQ(w, wire_error(w, A), ECONNRESET);
}

/* What it had written before reaches the client all the same. */
static void server_process_killed__unsent_text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, B, 30000), 30000);
	wire_release(w, B);
	WIRE_EQ(w, orphans(), 1);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, A, 40000), 30000);
	WIRE_EQ(w, wire_recv(w, A, 1), 0);
	WIRE_STATE(w, A, CLOSE_WAIT);
}

/* With its listener went those that nobody had accepted, and half-open ones. */
static void server_process_killed__listener(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 100);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 100);
	wire_unlisten(w, B);
	WIRE_EQ(w, atomic_read(&w->xn->requests), 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
	wire_run_ms(w, 1000);			/* the SYN again, at 1 s */
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ECONNREFUSED);
}

/* The client's machine lost its memory: it answers text with RST. */
static void client_reboots(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_RST, 1, 1);
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 1000);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_epoch(w);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 CLOSED <- P. 1:101 ack 1 <- ESTABLISHED\n"
		    "0.010 CLOSED -> R 1            -> CLOSED\n");
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
}

/*
 * It comes back from the same port before the server noticed: its SYN is
 * challenged, its RST ends the old life, and its SYN comes again at once.
 */
static void client_reboots__connects_again(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN), 1);
	wire_drop(w, A, WIRE_RST, 1, 1);
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 1000);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 40);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN), 3);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 2);	/* the lost one, too */
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 1000, 1000);
}

/* --- C6: the other side is dead ------------------------------------------- */

static void client_dies_keepalive(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, keepalive_time_ms, 10000);
	wire_knob(w, keepalive_intvl_ms, 1000);
	wire_knob(w, keepalive_probes, 3);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_epoch(w);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_run_ms(w, 12999);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), ETIMEDOUT);
	WIRE_EXPECT(w,
		    "10.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "11.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "12.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "13.000 x <- R. 1 ack 1 <- CLOSED\n");
}

static void keepalive__answered(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, keepalive_time_ms, 10000);
	wire_knob(w, keepalive_intvl_ms, 1000);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_epoch(w);
	wire_run_ms(w, 25000);
	WIRE_EXPECT(w,
		    "10.000 ESTABLISHED <- . 0 ack 1 <- ESTABLISHED\n"
		    "10.010 ESTABLISHED -> . 1 ack 1 -> ESTABLISHED\n"
		    "20.020 ESTABLISHED <- . 0 ack 1 <- ESTABLISHED\n"
		    "20.030 ESTABLISHED -> . 1 ack 1 -> ESTABLISHED\n");
}

/* Set before connect(): it counts from the handshake on. */
static void keepalive__set_before_connect(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, keepalive_time_ms, 10000);
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_connected(test);
	wire_run_ms(w, 9800);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), 1);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), 2);
}

/* Text on its way asks the same question: its timer decides, not keepalive. */
static void keepalive__not_beside_text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, keepalive_time_ms, 1000);
	wire_knob(w, keepalive_intvl_ms, 100);
	wire_knob(w, keepalive_probes, 2);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 10000);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), 1);
}

static void keepalive__off_by_default(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, keepalive_time_ms, 10000);
	wire_run_ms(w, 100000);
	WIRE_EXPECT(w, "");
}

/* TCP_USER_TIMEOUT: seconds instead of a quarter of an hour. */
static void server_host_dies__user_timeout(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 3500), 0);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 3499);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

static void server_host_dies__retries2(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, retries2, 4);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 6199);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "0.200 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "0.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "1.400 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "3.000 ESTABLISHED -> P. 1:101 ack 1 -> x\n");
}

/* --- RFC 5961: a blind attacker ------------------------------------------- */

static void blind_rst__in_window_is_challenged(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 challenges = wire_counter(XTCP_CNT_CHALLENGE_ACKS);

	wire_inject(w, A, XTCP_RST, .seq = 100);
	wire_run_ms(w, 100);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EXPECT(w,
		    "0.000 *           -> R 100     -> ESTABLISHED\n"
		    "0.000 ESTABLISHED <- . 1 ack 1 <- ESTABLISHED\n");
	WIRE_EQ(w, wire_counter(XTCP_CNT_CHALLENGE_ACKS) - challenges, 1);
}

static void blind_rst__exact_resets(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_inject(w, A, XTCP_RST, .seq = 1);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
	WIRE_EXPECT(w, "0.000 * -> R 1 -> CLOSED\n");
}

/* Exact is what is expected next, also while the ACK of what came waits. */
static void blind_rst__exact_before_the_ack(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 10);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 0);
	wire_inject(w, A, XTCP_RST, .seq = 1);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_inject(w, A, XTCP_RST, .seq = 11);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 0);
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
}

static void blind_syn__is_challenged(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_inject(w, A, XTCP_SYN, .seq = 100);
	wire_run_ms(w, 100);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EXPECT(w,
		    "0.000 *           -> S 100     -> ESTABLISHED\n"
		    "0.000 ESTABLISHED <- . 1 ack 1 <- ESTABLISHED\n");
}

/* Not a weapon: a flood of nonsense gets one answer in invalid_ratelimit_ms. */
static void challenge_acks__are_limited(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	unsigned int i;

	wire_knob(w, invalid_ratelimit_ms, 500);
	for (i = 0; i < 10; i++)
		wire_inject(w, A, XTCP_RST, .seq = 100 + i);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	wire_run_ms(w, 501);
	wire_inject(w, A, XTCP_RST, .seq = 100);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 2);
	WIRE_STATE(w, B, ESTABLISHED);
}

/* Nor does the end of the connection make a new beginning of that. */
static void challenge_acks__are_limited_into_time_wait(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	unsigned int acks;

	wire_knob(w, invalid_ratelimit_ms, 500);
	wire_release(w, A);
	wire_run_ms(w, 100);
	acks = wire_count(w, A, WIRE_ACK);
	wire_inject(w, B, XTCP_SYN, .seq = 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), ++acks);
	wire_release(w, B);
	wire_run_ms(w, 100);
	acks++;				/* of the FIN */
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), acks);
	WIRE_EQ(w, time_waits(), 1);
	wire_inject(w, B, XTCP_ACK, .seq = 100000, .ack = 2, .len = 10, .junk = true);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), acks);
	wire_run_ms(w, 400);
	wire_inject(w, B, XTCP_ACK, .seq = 100000, .ack = 2, .len = 10, .junk = true);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), acks + 1);
}

WIRE_SUITES(xtcp_close_wire,
	KUNIT_CASE_SLOW(normal_close),
	KUNIT_CASE_SLOW(normal_close__one_time_wait),
	KUNIT_CASE_SLOW(normal_close__push),
	KUNIT_CASE_SLOW(normal_close__server_first),
	KUNIT_CASE_SLOW(close_after_text__fin_rides_on_it),
	KUNIT_CASE_SLOW(close_after_text__all_of_it_arrives),
	KUNIT_CASE_SLOW(close_after_text__window_was_shut),
	KUNIT_CASE_SLOW(fin__waits_for_the_window),
	KUNIT_CASE_SLOW(fin__waits_behind_a_full_window),
	KUNIT_CASE_SLOW(simultaneous_close__window_was_shut),
	KUNIT_CASE_SLOW(last_ack__window_was_shut),
	KUNIT_CASE_SLOW(three_segment_close),
	KUNIT_CASE_SLOW(three_segment_close__too_late),
	KUNIT_CASE_SLOW(three_segment_close__by_loss),
	KUNIT_CASE_SLOW(half_close__server_goes_on_sending),
	KUNIT_CASE_SLOW(half_close__client_goes_on_sending),
	KUNIT_CASE_SLOW(half_close__no_time_limit),
	KUNIT_CASE_SLOW(close_wait_leak),
	KUNIT_CASE_SLOW(shutdown_rd__takes_no_segment),
	KUNIT_CASE_SLOW(simultaneous_close),
	KUNIT_CASE_SLOW(close_in_syn_rcvd),
	KUNIT_CASE_SLOW(close_in_syn_rcvd__fin_comes_along),
	KUNIT_CASE_SLOW(first_fin_lost),
	KUNIT_CASE_SLOW(first_fin_lost__orphan_retries),
	KUNIT_CASE_SLOW(fin_ack_lost),
	KUNIT_CASE_SLOW(second_fin_lost),
	KUNIT_CASE_SLOW(second_fin_lost__for_ever),
	KUNIT_CASE_SLOW(last_ack_lost),
	KUNIT_CASE_SLOW(last_ack_lost__fins_in_a_row),
	KUNIT_CASE_SLOW(text_and_fin_lost),
	KUNIT_CASE_SLOW(fin_overtakes_text),
	KUNIT_CASE_SLOW(time_wait_2msl__60s),
	KUNIT_CASE_SLOW(time_wait_2msl__by_knob),
	KUNIT_CASE_SLOW(time_wait_late_segment),
	KUNIT_CASE_SLOW(time_wait_rst__survives_under_rfc1337),
	KUNIT_CASE_SLOW(time_wait_rst__kills_without_rfc1337),
	KUNIT_CASE_SLOW(time_wait_exhaustion),
	KUNIT_CASE_SLOW(time_wait__max_tw_0_makes_none),
	KUNIT_CASE_SLOW(time_wait__max_tw),
	KUNIT_CASE_SLOW(time_wait_reuse__by_new_syn),
	KUNIT_CASE_SLOW(time_wait_reuse__numbers_of_the_new_life),
	KUNIT_CASE_SLOW(time_wait_reuse__not_by_old_syn),
	KUNIT_CASE_SLOW(time_wait_reuse__listener_filters),
	KUNIT_CASE_SLOW(time_wait_reuse__so_reuseaddr),
	KUNIT_CASE_SLOW(time_wait__newest_timestamp),
	KUNIT_CASE_SLOW(time_wait__each_fin_is_answered),
	KUNIT_CASE_SLOW(time_wait__port_of_one_device),
	KUNIT_CASE_SLOW(linger0__sends_rst),
	KUNIT_CASE_SLOW(reset__counts_until_close),
	KUNIT_CASE_SLOW(linger0__rst_has_timestamps),
	KUNIT_CASE_SLOW(linger__waits_for_the_ack),
	KUNIT_CASE_SLOW(linger__after_shutdown),
	KUNIT_CASE_SLOW(linger__in_last_ack),
	KUNIT_CASE_SLOW(linger__time_is_up),
	KUNIT_CASE_SLOW(fin_wait_2__orphan_60s),
	KUNIT_CASE_SLOW(fin_wait_2__tcp_linger2),
	KUNIT_CASE_SLOW(fin_wait_2__tcp_linger2_negative),
	KUNIT_CASE_SLOW(fin_wait_2__closed_later),
	KUNIT_CASE_SLOW(fin_wait_2__read_text_again_with_fin),
	KUNIT_CASE_SLOW(fin_wait_2__late_text_gets_rst),
	KUNIT_CASE_SLOW(close_with_unread_data__sends_rst),
	KUNIT_CASE_SLOW(close_with_unread_data__in_last_ack),
	KUNIT_CASE_SLOW(close_with_unread_data__in_closing),
	KUNIT_CASE_SLOW(disconnect__in_last_ack),
	KUNIT_CASE_SLOW(disconnect__in_last_ack_with_unsent_text),
	KUNIT_CASE_SLOW(shutdown_both__text_gets_rst),
	KUNIT_CASE_SLOW(shutdown_both__wr_then_rd),
	KUNIT_CASE_SLOW(shutdown_both__rd_then_wr),
	KUNIT_CASE_SLOW(half_close__takes_text),
	KUNIT_CASE_SLOW(data_after_close__gets_rst),
	KUNIT_CASE_SLOW(close__too_many_orphans),
	KUNIT_CASE_SLOW(close__as_many_orphans_as_may_be),
	KUNIT_CASE_SLOW(server_process_killed),
	KUNIT_CASE_SLOW(server_process_killed__unread_text),
	KUNIT_CASE_SLOW(server_process_killed__unsent_text),
	KUNIT_CASE_SLOW(server_process_killed__listener),
	KUNIT_CASE_SLOW(client_reboots),
	KUNIT_CASE_SLOW(client_reboots__connects_again),
	KUNIT_CASE_SLOW(client_dies_keepalive),
	KUNIT_CASE_SLOW(keepalive__answered),
	KUNIT_CASE_SLOW(keepalive__set_before_connect),
	KUNIT_CASE_SLOW(keepalive__not_beside_text),
	KUNIT_CASE_SLOW(keepalive__off_by_default),
	KUNIT_CASE_SLOW(server_host_dies__user_timeout),
	KUNIT_CASE_SLOW(server_host_dies__retries2),
	KUNIT_CASE_SLOW(blind_rst__in_window_is_challenged),
	KUNIT_CASE_SLOW(blind_rst__exact_resets),
	KUNIT_CASE_SLOW(blind_rst__exact_before_the_ack),
	KUNIT_CASE_SLOW(blind_syn__is_challenged),
	KUNIT_CASE_SLOW(challenge_acks__are_limited),
	KUNIT_CASE_SLOW(challenge_acks__are_limited_into_time_wait),
	{ }
);
