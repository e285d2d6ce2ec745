// SPDX-License-Identifier: GPL-2.0
/* Carrying the byte stream, as ladders: mission B, module/engine/. */

#include <linux/tcp.h>
#include <xtcp/receive.h>
#include <xtcp/window.h>
#include "../wire.h"

/* As @connected, and long enough ago that ACKs are delayed. */
static struct wire *connected_long_ago(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_xs(w, A)->rcv.quick_acks = 0;
	wire_xs(w, B)->rcv.quick_acks = 0;
	return w;
}

/* --- ACKs ----------------------------------------------------------------- */

static void one_segment(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

static void delayed_ack__after_delack_ms(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);
	u64 delayed = wire_counter(XTCP_CNT_DELAYED_ACKS);

	wire_knob(w, delack_ms, 70);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 200);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:1001 ack 1 -> ESTABLISHED\n"
		    "0.080 ESTABLISHED <- . 1 ack 1001    <- ESTABLISHED\n");
	WIRE_EQ(w, wire_counter(XTCP_CNT_DELAYED_ACKS) - delayed, 1);
}

/* RFC 9293 MUST-59: an ACK for at least every second full segment. */
static void delayed_ack__every_second_segment(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	wire_run_ms(w, 300);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 1001:2001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 2001:3001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 3001:4001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 4001:5001 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 2001       <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 4001       <- ESTABLISHED\n"
		    "0.110 ESTABLISHED <- . 1 ack 5001       <- ESTABLISHED\n");
}

/* The answer carries the ACK: none of its own. */
static void delayed_ack__rides_on_the_answer(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, B, 200), 200);
	wire_run_ms(w, 300);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1   -> ESTABLISHED\n"
		    "0.050 ESTABLISHED <- P. 1:201 ack 101 <- ESTABLISHED\n"
		    "0.160 ESTABLISHED -> . 101 ack 201    -> ESTABLISHED\n");
}

/* A new connection is in slow start: each of the first segments is acknowledged. */
static void quick_acks__of_a_new_connection(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1   -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 101      <- ESTABLISHED\n"
		    "0.050 ESTABLISHED -> P. 101:201 ack 1 -> ESTABLISHED\n"
		    "0.060 ESTABLISHED <- . 1 ack 201      <- ESTABLISHED\n");
}

/* But who sent something may say more soon, and acknowledges with that. */
static void quick_acks__after_text_of_ours(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, B, 200), 200);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1   -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 101      <- ESTABLISHED\n"
		    "0.050 ESTABLISHED <- P. 1:201 ack 101 <- ESTABLISHED\n"
		    "0.061 ESTABLISHED -> . 101 ack 201    -> ESTABLISHED\n");
}

/* B's peer is the test, and B delays its ACKs. */
static struct wire *puppet_long_ago(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	return w;
}

/* There is no one left to tell. */
static void joined__read_after_the_end(struct kunit *test)
{
	struct wire *w = puppet_long_ago(test);
	u32 said = wire_count(w, B, WIRE_ANY);

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 3000, .joined = 1000);
	wire_inject(w, A, XTCP_RST, .seq = 3001);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_recv(w, B, 3000), 3000);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_count(w, B, WIRE_ANY) - said, 0);
}

/* --- small segments ------------------------------------------------------- */

/* Nagle meets the delayed ACK: the classic pause. */
static void nagle_delayed_ack(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 490);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:11 ack 1  -> ESTABLISHED\n"
		    "0.110 ESTABLISHED <- . 1 ack 11     <- ESTABLISHED\n"
		    "0.120 ESTABLISHED -> P. 11:31 ack 1 -> ESTABLISHED\n"
		    "0.230 ESTABLISHED <- . 1 ack 31     <- ESTABLISHED\n");
}

static void nagle__tcp_nodelay(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 200);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:11 ack 1  -> ESTABLISHED\n"
		    "0.005 ESTABLISHED -> P. 11:21 ack 1 -> ESTABLISHED\n"
		    "0.110 ESTABLISHED <- . 1 ack 21     <- ESTABLISHED\n");
}

/* A full segment does not wait for anyone; the rest behind it does. */
static void nagle__full_segments_go(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	WIRE_EQ(w, wire_send(w, A, 10), 10);
	WIRE_EQ(w, wire_send(w, A, 1500), 1500);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1510);
}

/* A FIN ends the waiting. */
/* A small one of long ago, which the numbers have come round to, holds nothing up. */
static void nagle__two_gigabytes_later(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct xtcp_sock *xs = wire_xs(w, A);

	xs->snd.small_seq = xs->tcb.snd_nxt + (1U << 30);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	/* But this one does. */
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 101);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
}

static void nagle__not_before_fin(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	WIRE_EQ(w, wire_send(w, A, 10), 10);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 5);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:11 ack 1   -> ...\n"
		    "0.000 FIN_WAIT_1  -> FP. 11:21 ack 1 -> ...\n");
}

/* --- loss ----------------------------------------------------------------- */

static void loss_rto(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 timeouts = wire_counter(XTCP_CNT_RTO_TIMEOUTS);

	wire_drop(w, A, WIRE_DATA, 1, 3);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 1500);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:1001 ack 1 -> x\n"
		    "0.200 ESTABLISHED -> P. 1:1001 ack 1 -> x\n"
		    "0.600 ESTABLISHED -> P. 1:1001 ack 1 -> x\n"
		    "1.400 ESTABLISHED -> P. 1:1001 ack 1 -> ESTABLISHED\n"
		    "1.410 ESTABLISHED <- . 1 ack 1001    <- ESTABLISHED\n");
	WIRE_EQ(w, wire_counter(XTCP_CNT_RTO_TIMEOUTS) - timeouts, 3);
}

/* RFC 5681 3.1: one segment, then slow start; ssthresh is half of the flight. */
static void loss_rto__whole_flight(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 4);
	WIRE_EQ(w, wire_send(w, A, 4000), 4000);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_recv(w, B, 5000), 4000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> x\n"
		    "0.000 ESTABLISHED -> . 1001:2001 ack 1  -> x\n"
		    "0.000 ESTABLISHED -> . 2001:3001 ack 1  -> x\n"
		    "0.000 ESTABLISHED -> P. 3001:4001 ack 1 -> x\n"
		    "0.200 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.210 ESTABLISHED <- . 1 ack 1001       <- ESTABLISHED\n"
		    "0.220 ESTABLISHED -> . 1001:2001 ack 1  -> ESTABLISHED\n"
		    "0.220 ESTABLISHED -> . 2001:3001 ack 1  -> ESTABLISHED\n"
		    "0.230 ESTABLISHED <- . 1 ack 2001       <- ESTABLISHED\n"
		    "0.230 ESTABLISHED <- . 1 ack 3001       <- ESTABLISHED\n"
		    "0.240 ESTABLISHED -> P. 3001:4001 ack 1 -> ESTABLISHED\n"
		    "0.250 ESTABLISHED <- . 1 ack 4001       <- ESTABLISHED\n");
	WIRE_EQ(w, wire_xs(w, A)->cong.ssthresh, 2000);
}

/* Half of it is acknowledged: only the other half goes again. */
static void loss_rto__acknowledged_in_part(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 501);
	wire_run_ms(w, 300);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:1001 ack 1   -> x\n"
		    "0.000 ESTABLISHED <- . 1 ack 501       <- *\n"
		    "0.200 ESTABLISHED -> P. 501:1001 ack 1 -> x\n");
}

/* The third duplicate ACK, long before the timer (RFC 5681 3.2). */
static void loss_fast_retransmit(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 fast = wire_counter(XTCP_CNT_FAST_RETRANS);
	u64 timeouts = wire_counter(XTCP_CNT_RTO_TIMEOUTS);

	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 6000), 5000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> x\n"
		    "0.000 ESTABLISHED -> . 1001:2001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 2001:3001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 3001:4001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 4001:5001 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.020 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.030 ESTABLISHED <- . 1 ack 5001       <- ESTABLISHED\n");
	WIRE_EQ(w, wire_counter(XTCP_CNT_FAST_RETRANS) - fast, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_RTO_TIMEOUTS) - timeouts, 0);
	WIRE_EQ(w, wire_xs(w, A)->cong.ssthresh, 2500);
	WIRE_EQ(w, wire_xs(w, A)->cong.phase, XTCP_CONG_OPEN);
}

/* `reordering` 1: the network never does it, and one duplicate ACK means a loss. */
static void loss_fast_retransmit__by_knob(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, reordering, 1);
	wire_transfer(w, A, 1000, 1000);	/* the window of the SYN-ACK was another */
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 2000), 2000);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 3000), 2000);
}

/* And 4: three do not. */
static void loss_fast_retransmit__not_by_three_acks(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, reordering, 4);
	wire_transfer(w, A, 1000, 1000);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 4000), 4000);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_recv(w, B, 5000), -EAGAIN);
}

/* Two duplicate ACKs are reordering, not loss: the timer it is. */
static void loss_fast_retransmit__not_by_two_acks(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 3000), 3000);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> x\n"
		    "0.000 ESTABLISHED -> . 1001:2001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 2001:3001 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.200 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.210 ESTABLISHED <- . 1 ack 3001       <- ESTABLISHED\n");
}

/* NewReno (RFC 6582): a partial ACK shows the next hole. */
static void loss_fast_retransmit__two_holes(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 1);
	wire_drop(w, A, WIRE_DATA, 3, 1);
	WIRE_EQ(w, wire_send(w, A, 6000), 6000);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_recv(w, B, 7000), 6000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> x\n"
		    "0.000 ESTABLISHED -> . 1001:2001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 2001:3001 ack 1  -> x\n"
		    "0.000 ESTABLISHED -> . 3001:4001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 4001:5001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 5001:6001 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.020 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.030 ESTABLISHED <- . 1 ack 2001       <- ESTABLISHED\n"
		    "0.040 ESTABLISHED -> . 2001:3001 ack 1  -> ESTABLISHED\n"
		    "0.050 ESTABLISHED <- . 1 ack 6001       <- ESTABLISHED\n");
}

/* A lost ACK costs nothing when a later one follows. */
static void loss__of_an_ack(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, B, WIRE_ACK, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 2000), 2000);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 1001:2001 ack 1 -> ESTABLISHED\n"
		    "0.010 x           <- . 1 ack 1001       <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 2001       <- ESTABLISHED\n");
}

/* The text is here, its ACK was lost: the copy is answered, not delivered. */
static void loss__of_the_only_ack(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, B, WIRE_ACK, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.010 x           <- . 1 ack 101    <- ESTABLISHED\n"
		    "0.200 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.210 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

static void corrupt__dropped_and_sent_again(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 bad = wire_counter(XTCP_DROP_CHECKSUM);

	wire_corrupt(w, A, WIRE_DATA, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_counter(XTCP_DROP_CHECKSUM) - bad, 1);
}

/* --- round trip time ------------------------------------------------------ */

/* Karn: the ACK of a segment sent twice says nothing, without timestamps. */
static void karn(struct kunit *test)
{
	struct wire *w = test->priv;
	u32 before;

	wire_knob(w, timestamps, 0);
	wire_connected(test);
	before = wire_xs(w, A)->rtt.srtt_us;
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_xs(w, A)->rtt.srtt_us, before);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_una, wire_xs(w, A)->tcb.snd_nxt);
}

/* The path got slower: RFC 6298 2.3 on the wire. */
static void rtt__follows_the_path(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_delay_ms(w, 50);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 300);
	/* 7/8 * 20 + 1/8 * 100 = 30; 3/4 * 10 + 1/4 * 80 = 27.5; 30 + 4 * 27.5 */
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.srtt_us, 1000), 30);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.rttvar_us, 100), 275);
	WIRE_EQ(w, wire_xs(w, A)->rtt.rto_us, 200000);
}

/* TCP_INFO: the receiver measures by windows of text, and a pause is no round trip. */
static void rtt__of_the_receiver(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_transfer(w, A, 400000, 10000);
	WIRE_EQ(w, wire_xs(w, B)->rcv.rtt_us >= 20000, true);
	WIRE_EQ(w, wire_xs(w, B)->rcv.rtt_us < 60000, true);
	wire_run_ms(w, 2000);
	wire_transfer(w, A, 400000, 10000);
	WIRE_EQ(w, wire_xs(w, B)->rcv.rtt_us >= 20000, true);
	WIRE_EQ(w, wire_xs(w, B)->rcv.rtt_us < 60000, true);
}

static void rtt__rto_follows(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, rto_min_ms, 10);
	wire_connected(test);
	/* R = 20: 20 + 4 * 10 */
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.rto_us, 1000), 60);
	wire_drop(w, A, WIRE_DATA, 1, 2);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 3);
}

/* RFC 6298 5.7: no round trip known for a SYN sent twice: RTO 3 s, not 1 s. */
static void rtt__syn_sent_twice(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	wire_drop(w, A, WIRE_SYN, 1, 1);
	wire_connected(test);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 4000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "3.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "3.010 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

/* Timestamps tell which of the two SYNs was answered. */
static void rtt__syn_sent_twice_with_timestamps(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_SYN, 1, 1);
	wire_connected(test);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.srtt_us, 1000), 20);
}

/* --- order ---------------------------------------------------------------- */

static void reordering(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 ahead = wire_counter(XTCP_CNT_OUT_OF_ORDER);

	wire_hold(w, A, WIRE_DATA, 1);
	WIRE_EQ(w, wire_send(w, A, 2000), 2000);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 3000), 2000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 1001:2001 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 2001       <- ESTABLISHED\n");
	WIRE_EQ(w, wire_counter(XTCP_CNT_OUT_OF_ORDER) - ahead, 1);
}

static void duplicate__delivered_once(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_twice(w, A, WIRE_DATA, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.000 =           -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

/* Every octet once, in order, whatever overlaps what. */
static void out_of_order__overlaps(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 1000);
	wire_inject(w, A, XTCP_ACK, .seq = 401, .ack = 1, .len = 200);
	wire_inject(w, A, XTCP_ACK, .seq = 1201, .ack = 1, .len = 600);
	wire_inject(w, A, XTCP_ACK, .seq = 2001, .ack = 1, .len = 100);
	wire_inject(w, A, XTCP_ACK, .seq = 301, .ack = 1, .len = 2000);
	WIRE_EQ(w, wire_recv(w, B, 5000), -EAGAIN);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 350);
	WIRE_EQ(w, wire_recv(w, B, 5000), 2300);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs, 2301);
}

/* What arrived first stays: an overlap cannot rewrite it. */
static void out_of_order__first_copy_wins(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, XTCP_ACK, .seq = 101, .ack = 1, .len = 100);
	wire_inject(w, A, XTCP_ACK, .seq = 101, .ack = 1, .len = 100, .junk = true);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100);
	wire_inject(w, A, XTCP_ACK, .seq = 51, .ack = 1, .len = 150, .junk = true);
	WIRE_EQ(w, wire_recv(w, B, 5000), 200);
}

/* Many gaps, filled from behind. */
static void out_of_order__backwards(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	int i;

	for (i = 49; i >= 0; i--)
		wire_inject(w, A, XTCP_ACK, .seq = 1 + i * 100, .ack = 1, .len = 100);
	WIRE_EQ(w, wire_recv(w, B, 10000), 5000);
}

/*
 * Of 20 octets with a FIN the second half comes first, in any pieces: the FIN alone,
 * behind text that is here already, or in front of such.
 */
static const struct ahead {
	const char *desc;
	struct {
		u32 seq;
		u16 len;
		u8 fin;
	} pieces[3];
} aheads[] = {
	{ "text, and again with FIN",		{ { 11, 10 }, { 11, 10, XTCP_FIN } } },
	{ "text, its end with FIN",		{ { 11, 10 }, { 16, 5, XTCP_FIN } } },
	{ "text, FIN",				{ { 11, 10 }, { 21, 0, XTCP_FIN } } },
	{ "text, more with FIN",		{ { 11, 10 }, { 9, 12, XTCP_FIN } } },
	{ "with FIN, and again without",	{ { 11, 10, XTCP_FIN }, { 11, 10 } } },
	{ "with FIN, more without",		{ { 16, 5, XTCP_FIN }, { 11, 10 } } },
	{ "with FIN, more with FIN",		{ { 16, 5, XTCP_FIN }, { 11, 10, XTCP_FIN } } },
	{ "FIN, text",				{ { 21, 0, XTCP_FIN }, { 11, 10 } } },
	{ "FIN, text in two",			{ { 21, 0, XTCP_FIN }, { 11, 5 }, { 13, 8 } } },
	{ "with FIN, inside, more",		{ { 11, 10, XTCP_FIN }, { 15, 3 }, { 9, 12 } } },
};

static void ahead_desc(const struct ahead *ahead, char *desc)
{
	strscpy(desc, ahead->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ahead, aheads, ahead_desc);

static void out_of_order__fin(struct kunit *test)
{
	const struct ahead *ahead = test->param_value;
	struct wire *w = wire_puppet(test);
	unsigned int i;

	for (i = 0; i < 3 && ahead->pieces[i].seq; i++)
		wire_inject(w, A, XTCP_ACK | ahead->pieces[i].fin, .ack = 1,
			    .seq = ahead->pieces[i].seq, .len = ahead->pieces[i].len);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_recv(w, B, 100), -EAGAIN);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 10);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_EQ(w, wire_recv(w, B, 100), 20);
	WIRE_EQ(w, wire_recv(w, B, 100), 0);
}

/* Text ahead of order must not keep out the text that closes the gap. */
static void out_of_order__gives_way_to_order(struct kunit *test)
{
	struct wire *w = test->priv;
	u32 edge, seq;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 8192), 0);
	wire_puppet(test);
	edge = xtcp_tcb_rcv_wnd(&wire_xs(w, B)->tcb);
	for (seq = 11; seq + 10 < edge; seq += 20)
		wire_inject(w, A, XTCP_ACK, .seq = seq, .ack = 1, .len = 10);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	WIRE_EQ(w, wire_recv(w, B, 8000) >= 1000, true);
	for (seq = wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs; seq < 4001; seq += 500)
		wire_inject(w, A, XTCP_ACK, .seq = seq, .ack = 1, .len = 500);
	while (wire_recv(w, B, 8000) > 0)
		;
	WIRE_EQ(w, w->side[B].received >= 4000, true);
}

static void trimmed__partly_old(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100);
	wire_inject(w, A, XTCP_ACK, .seq = 51, .ack = 1, .len = 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 150);
}

static void beyond_window__not_taken(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u32 wnd = xtcp_tcb_rcv_wnd(&wire_xs(w, B)->tcb);

	wire_inject(w, A, XTCP_ACK, .seq = 1 + wnd, .ack = 1, .len = 100, .junk = true);
	WIRE_EQ(w, RB_EMPTY_ROOT(&wire_xs(w, B)->rcv.ooo), true);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs, 1);
}

/* --- B6: timestamps ------------------------------------------------------- */

static void paws__old_segment_dropped(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 paws = wire_counter(XTCP_DROP_PAWS);

	wire_transfer(w, A, 100, 100);
	wire_run_ms(w, 100);
	wire_epoch(w);
	wire_inject(w, A, XTCP_ACK, .seq = 101, .ack = 1, .len = 50, .ts_age = 50,
		    .junk = true);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	WIRE_EQ(w, wire_counter(XTCP_DROP_PAWS) - paws, 1);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 *           -> . 101:151 ack 1 -> ESTABLISHED\n"
		    "0.000 ESTABLISHED <- . 1 ack 101     <- ESTABLISHED\n");
	wire_transfer(w, A, 100, 100);
}

/*
 * 4 GiB of text later: between two quiet sockets nothing but the numbers would
 * have moved, to where they are now. That brings back the number of the first
 * octet of a stream of which @n octets were sent and acknowledged.
 */
static void wrap_sequence(struct wire *w, u32 n)
{
	struct xtcp_sock *a = wire_xs(w, A), *b = wire_xs(w, B);

	lock_sock(w->side[A].sock->sk);
	a->tcb.snd_una -= n;
	a->tcb.snd_nxt -= n;
	a->tcb.snd_wl2 -= n;
	a->snd.write_seq -= n;
	a->snd.small_seq -= n;
	release_sock(w->side[A].sock->sk);
	lock_sock(w->side[B].sock->sk);
	b->tcb.rcv_nxt -= n;
	b->tcb.rcv_adv -= n;
	b->tcb.snd_wl1 -= n;
	b->tcb.last_ack_sent -= n;
	b->rcv.copied_seq -= n;
	b->rcv.acked_seq -= n;
	b->rcv.tune_seq -= n;
	release_sock(w->side[B].sock->sk);
	w->side[A].sent = 0;
	w->side[B].received = 0;
}

/* A duplicate of the stream's beginning was under way for all of 4 GiB. */
static struct wire *wrapped(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_transfer(w, A, 100, 100);
	wire_run_ms(w, 200);
	wrap_sequence(w, 100);
	wire_epoch(w);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100, .ts_age = 150,
		    .junk = true);
	return w;
}

/* Its numbers fit once more; its timestamp does not. */
static void paws_wrap(struct kunit *test)
{
	struct wire *w = wrapped(test);

	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 *           -> . 1:101 ack 1 -> ESTABLISHED\n"
		    "0.000 ESTABLISHED <- . 1 ack 1     <- ESTABLISHED\n");
	wire_transfer(w, A, 3000, 1000);
	wire_transfer(w, B, 3000, 1000);
}

/* The experiment: without PAWS the old text is delivered as the new. */
static void paws_wrap__paws_off(struct kunit *test)
{
	struct wire *w = test->priv;
	struct kvec vec;
	struct msghdr msg = { };
	u8 text[100];

	wire_knob(w, paws, 0);
	wrapped(test);
	vec = (struct kvec){ .iov_base = text, .iov_len = sizeof(text) };
	WIRE_EQ(w, kernel_recvmsg(w->side[B].sock, &msg, &vec, 1, 100, MSG_DONTWAIT), 100);
	WIRE_EQ(w, text[0], WIRE_JUNK);
}

/*
 * After 24 days of silence a timestamp may have wrapped, and says nothing any
 * more (RFC 7323 5.5). They pass by setting the timestamp's age.
 */
static void paws_idle_24_days(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u64 *taken_us = &wire_xs(w, B)->tcb.ts_recent_us;

	*taken_us = xtcp_now_us() - 24 * 86400ULL * USEC_PER_SEC + USEC_PER_MSEC;
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50, .ts_age = 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	wire_run_ms(w, 2);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50, .ts_age = 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 50);
}

/* The same, with a day of 100 ms. */
static void paws_idle_24_days__by_knob(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, paws_idle_ms, 2400);
	wire_puppet(test);
	wire_run_ms(w, 2200);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50, .ts_age = 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	wire_run_ms(w, 400);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50, .ts_age = 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 50);
}

/* Each gets its ACK: the first one may be lost, and text is no attack. */
static void old_text__each_is_acknowledged(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	unsigned int acks;

	wire_knob(w, invalid_ratelimit_ms, 500);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 50);
	acks = wire_count(w, B, WIRE_ACK);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 2);
}

/* Keepalives of old systems, in both of their forms, come without: alive is alive. */
static void timestamps__missing_in_a_keepalive(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u64 missing = wire_counter(XTCP_CNT_NO_TIMESTAMP);
	unsigned int acks;

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 50);
	acks = wire_count(w, B, WIRE_ACK);
	wire_inject(w, A, XTCP_ACK, .seq = 50, .ack = 1, .no_ts = true);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 1);
	wire_run_ms(w, 1000);
	wire_inject(w, A, XTCP_ACK, .seq = 50, .ack = 1, .len = 1, .no_ts = true);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 2);
	WIRE_EQ(w, wire_counter(XTCP_CNT_NO_TIMESTAMP) - missing, 2);
	WIRE_STATE(w, B, ESTABLISHED);
}

/* An ACK without one still is the peer's. */
static void timestamps__missing_in_an_ack(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 101, .no_ts = true);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_una == wire_xs(w, B)->tcb.snd_nxt, true);
}

static void timestamps__missing_is_dropped(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u64 missing = wire_counter(XTCP_DROP_NO_TIMESTAMP);

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 50, .no_ts = true);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_TIMESTAMP) - missing, 1);
}

/* --- B4: windows ---------------------------------------------------------- */

/* Fill the receiver until its window is shut, and some more into the queue. */
static struct wire *window_shut(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *last;
	int n;

	wire_knob(w, delack_ms, 1);	/* RTT 20 to 21 ms: RTO is the minimum */
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 16384), 0);
	wire_connected(test);
	do {
		n = wire_send(w, A, 1000);
		wire_run_ms(w, 50);
	} while (n > 0 && wire_xs(w, A)->tcb.snd_wnd);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd, 0);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_epoch(w);
	/* 0.000 is when the ACK with the shut window arrived. */
	last = list_last_entry(&w->segments, struct wire_segment, link);
	WIRE_EQ(w, last->from, B);
	w->epoch_ns = last->sent_ns + last->delay_ns;
	return w;
}

/* RFC 9293 3.8.6.1: probes with backoff, for as long as they are answered. */
static void zero_window__probes_double(struct kunit *test)
{
	struct wire *w = window_shut(test);
	u64 probes = wire_counter(XTCP_CNT_WINDOW_PROBES);

	wire_run_to_ms(w, 6100);
	WIRE_EQ(w, wire_counter(XTCP_CNT_WINDOW_PROBES) - probes, 4);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 0);
	wire_run_ms(w, 200000);
	WIRE_STATE(w, A, ESTABLISHED);
}

static void zero_window__probe_times(struct kunit *test)
{
	struct wire *w = window_shut(test);
	static const u64 at_ms[] = { 200, 600, 1400, 3000 };
	struct wire_segment *seg;
	unsigned int n = 0;

	wire_run_to_ms(w, 4000);
	list_for_each_entry(seg, &w->segments, link) {
		u64 us = div_u64(seg->sent_ns - w->epoch_ns, NSEC_PER_USEC);

		if (seg->from != A || seg->sent_ns < w->epoch_ns)
			continue;
		if (n < ARRAY_SIZE(at_ms))
			WIRE_EQ(w, DIV_ROUND_CLOSEST_ULL(us, 1000), at_ms[n]);
		n++;
	}
	WIRE_EQ(w, n, 4);
}

/* Read all there is, again and again. */
static void read_for_ms(struct wire *w, enum wire_end end, unsigned int ms)
{
	unsigned int i;

	for (i = 0; i < ms / 5; i++) {
		while (wire_recv(w, end, 65536) > 0)
			;
		wire_run_ms(w, 5);
	}
}

/* The user reads: the window is announced, the text goes on at once. */
static void zero_window__opens(struct kunit *test)
{
	struct wire *w = window_shut(test);
	u64 probes;

	wire_run_to_ms(w, 1000);
	probes = wire_counter(XTCP_CNT_WINDOW_PROBES);
	read_for_ms(w, B, 200);
	WIRE_EQ(w, w->side[A].sent, w->side[B].received);
	WIRE_EQ(w, wire_counter(XTCP_CNT_WINDOW_PROBES) - probes, 0);
}

/* The announcement is lost: the next probe brings it again. */
static void zero_window__update_lost(struct kunit *test)
{
	struct wire *w = window_shut(test);

	wire_run_to_ms(w, 1000);
	wire_drop(w, B, WIRE_ANY, 1, 1);
	WIRE_EQ(w, wire_recv(w, B, 65536) > 0, true);
	wire_run_ms(w, 300);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd, 0);
	read_for_ms(w, B, 300);			/* the probe of 1.400 */
	WIRE_EQ(w, w->side[A].sent, w->side[B].received);
}

/* Nobody answers the probes: as dead as after text (RFC 9293 3.8.6.1). */
static void zero_window__peer_dies(struct kunit *test)
{
	struct wire *w = window_shut(test);

	wire_knob(w, retries2, 3);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_run_to_ms(w, 2999);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_to_ms(w, 3001);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* RFC 9293 SHLD-14: the right edge never moves back, but by what scaling cannot express. */
static void window__never_shrinks(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *seg;
	u32 edge = 0, right;
	u8 shift;

	wire_knob(w, rmem_default, 16384);
	wire_connected(test);
	WIRE_EQ(w, wire_send(w, A, 333), 333);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_send(w, A, 20000) > 0, true);
	wire_run_ms(w, 1000);
	shift = wire_xs(w, B)->tcb.rcv_wscale;
	WIRE_EQ(w, shift > 0, true);
	list_for_each_entry(seg, &w->segments, link) {
		if (seg->from != B)
			continue;
		right = seg->ack_rel + ((u32)seg->wnd << (seg->ctl & XTCP_SYN ? 0 : shift));
		WIRE_EQ(w, right + (1U << shift) > edge, true);
		edge = max(edge, right);
	}
}

/* The largest window that @end announced, octets. */
static u32 largest_window(struct wire *w, enum wire_end end)
{
	u8 shift = wire_xs(w, end)->tcb.rcv_wscale;
	struct wire_segment *seg;
	u32 most = 0;

	list_for_each_entry(seg, &w->segments, link)
		if (seg->from == end)
			most = max(most, (u32)seg->wnd << (seg->ctl & XTCP_SYN ? 0 : shift));
	return most;
}

/* Whatever the user says, it is a window: below the least it is the least. */
static void window__clamped_at_the_limits(struct kunit *test)
{
	static const struct {
		int value, clamp;
	} rows[] = {
		{ -1, SOCK_MIN_RCVBUF / 2 }, { INT_MIN, SOCK_MIN_RCVBUF / 2 },
		{ 1, SOCK_MIN_RCVBUF / 2 }, { INT_MAX, INT_MAX },
	};
	struct wire *w = wire_connected(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_WINDOW_CLAMP, rows[i].value), 0);
		WIRE_EQ(w, wire_xs(w, B)->own->window_clamp, rows[i].clamp);
		wire_transfer(w, A, 100000, 60000);
	}
}

/* TCP_WINDOW_CLAMP of the listener holds for its children, from the SYN-ACK on. */
static void window__clamped(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_WINDOW_CLAMP, 4096), 0);
	wire_connected(test);
	WIRE_EQ(w, wire_xs(w, B)->own->window_clamp, 4096);
	wire_transfer(w, A, 100000, 60000);
	WIRE_EQ(w, largest_window(w, B), 4096);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_WINDOW_CLAMP, 20000), 0);
	wire_transfer(w, A, 100000, 60000);
	WIRE_EQ(w, largest_window(w, B), 20032);	/* the scale is 6 */
}

/* A clamp below the unit of the window scale is one unit, not a shut window. */
static void window__clamped_below_the_scale(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, rmem_max, 1 << 30);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_WINDOW_CLAMP, 2000), 0);
	wire_connected(test);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_wscale, 14);
	wire_transfer(w, A, 100000, 60000);
	WIRE_EQ(w, largest_window(w, B), 16384);
}

/* Nothing is sent beyond the window the peer gave. */
/* Without scaling it is full at 65,535, however much room there is: nothing to tell. */
static void window__no_update_beyond_what_can_be_told(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int acks;

	wire_knob(w, window_scaling, 0);
	wire_knob(w, rmem_default, 1 << 20);
	wire_establish(w);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 200);
	acks = wire_count(w, B, WIRE_ACK);
	WIRE_EQ(w, wire_recv(w, B, 1000), 1000);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 0);
}

/* Nothing comes behind a FIN: whoever reads what came before it tells no window. */
static void window__nothing_to_tell_after_fin(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	unsigned int acks;

	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 400000), 0);
	WIRE_EQ(w, wire_send(w, A, 55000), 55000);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 1000);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_EQ(w, xtcp_tcb_rcv_wnd(&wire_xs(w, B)->tcb) < 20000, true);
	acks = wire_count(w, B, WIRE_ACK);
	WIRE_EQ(w, wire_recv(w, B, 65536), 55000);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 0);
}

/* What claims to be behind it cannot be: it is given back, and nothing of it is read. */
static void out_of_order__behind_the_fin(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct sock *sk = w->side[B].sock->sk;

	wire_inject(w, A, XTCP_ACK, .seq = 201, .ack = 1, .len = 100, .junk = true);
	wire_inject(w, A, XTCP_ACK, .seq = 101, .ack = 1, .len = 10, .junk = true);
	WIRE_EQ(w, RB_EMPTY_ROOT(&wire_xs(w, B)->rcv.ooo), false);
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = 1, .ack = 1, .len = 100);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_EQ(w, RB_EMPTY_ROOT(&wire_xs(w, B)->rcv.ooo), true);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 0);
	WIRE_EQ(w, atomic_read(&sk->sk_rmem_alloc), 0);
}

/* Who reads little in a round trip needs no large buffer, however much it comes to. */
static void autotune__slow_reader(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[B].sock->sk;
	int i, before = sk->sk_rcvbuf;

	for (i = 0; i < 200; i++) {
		WIRE_EQ(w, wire_send(w, A, 2000), 2000);
		wire_run_ms(w, 50);
		WIRE_EQ(w, wire_recv(w, B, 4000), 2000);
	}
	WIRE_EQ(w, sk->sk_rcvbuf, before);
}

/* Twice what was read in a round trip, by what it weighs; no more than rmem_max. */
static void autotune__by_what_is_read(struct kunit *test)
{
	static const struct {
		u32 copied, ago_ms;
		int rcvbuf;
	} rows[] = {
		{ 50000, 15, 100000 },		/* not a round trip yet */
		{ 20000, 25, 100000 },		/* it never shrinks */
		{ 50000, 25, 200000 },
		{ 100000, 25, 400000 },
		{ 400000, 25, 1000000 },
	};
	struct wire *w = wire_puppet(test);
	struct sock *sk = w->side[B].sock->sk;
	struct xtcp_sock *xs = xtcp_sk(sk);
	int i;

	wire_knob(w, rmem_max, 1000000);
	lock_sock(sk);
	xs->rtt.srtt_us = 20000;
	WRITE_ONCE(sk->sk_rcvbuf, 100000);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		xs->rcv.ratio = 128;
		xs->rcv.tune_seq = xs->rcv.copied_seq - rows[i].copied;
		xs->rcv.tune_us = xtcp_now_us() - rows[i].ago_ms * USEC_PER_MSEC;
		xtcp_window_autotune(sk);
		WIRE_EQ(w, sk->sk_rcvbuf, rows[i].rcvbuf);
	}
	release_sock(sk);
	/* But not where the user said how large it is to be. */
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 20000), 0);
	lock_sock(sk);
	xs->rcv.tune_seq = xs->rcv.copied_seq - 100000;
	xs->rcv.tune_us = xtcp_now_us() - 100000;
	xtcp_window_autotune(sk);
	WIRE_EQ(w, sk->sk_rcvbuf, 40000);
	release_sock(sk);
}

/* No round trip of ours was measured (a cookie, a SYN-ACK sent twice): by how long a window takes. */
static void autotune__by_a_window(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct sock *sk = w->side[B].sock->sk;
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 since;

	lock_sock(sk);
	xs->rtt.srtt_us = 0;
	xs->rcv.rtt_us = 20000;
	xs->rcv.ratio = 128;
	WRITE_ONCE(sk->sk_rcvbuf, 100000);
	xs->rcv.tune_seq = xs->rcv.copied_seq - 25000;
	since = xtcp_now_us() - 10000;
	xs->rcv.tune_us = since;
	xtcp_window_autotune(sk);
	WIRE_EQ(w, xs->rcv.tune_us, since);
	xs->rcv.tune_seq = xs->rcv.copied_seq - 50000;
	xs->rcv.tune_us = xtcp_now_us() - 20000;
	xtcp_window_autotune(sk);
	WIRE_EQ(w, sk->sk_rcvbuf, 200000);
	release_sock(sk);
}

/* TCP_INFO: it is the window where not even a segment fits into what is left of it. */
static void limited__by_what(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct xtcp_sock *xs = wire_xs(w, A);
	u8 scale = xs->tcb.snd_wscale;

	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 400000), 0);
	WIRE_EQ(w, xs->snd.limit, XTCP_LIMIT_IDLE);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 20000 >> scale);
	WIRE_EQ(w, wire_send(w, A, 60000), 60000);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 10);
	WIRE_EQ(w, xs->snd.limit, XTCP_LIMIT_BUSY);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 10001, .wnd = 5000 >> scale);
	WIRE_EQ(w, xs->snd.limit, XTCP_LIMIT_RWND);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 10001);
	WIRE_EQ(w, xs->snd.limit, XTCP_LIMIT_BUSY);
	xs->cong.cwnd = 100000;
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 12001);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 60001);
	WIRE_EQ(w, xs->snd.limit, XTCP_LIMIT_IDLE);
}

static void window__is_obeyed(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *seg;
	u32 edge = 0, shift;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 16384), 0);
	wire_connected(test);
	WIRE_EQ(w, wire_send(w, A, 40000) > 0, true);
	wire_run_ms(w, 1000);
	shift = wire_xs(w, B)->tcb.rcv_wscale;
	list_for_each_entry(seg, &w->segments, link) {
		if (seg->from == B)
			edge = max(edge, seg->ack_rel +
				   ((u32)seg->wnd << (seg->ctl & XTCP_SYN ? 0 : shift)));
		else if (seg->len)
			WIRE_EQ(w, seg->seq_rel + seg->len <= edge, true);
	}
	WIRE_EQ(w, edge > 0, true);
}

/*
 * RFC 9293 3.8.6.2.1: what is less than a segment and than half of the largest window is
 * not worth one, until the persist timer says so.
 */
static void window__too_small_to_be_used(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_WINDOW_CLAMP, 2560), 0);
	wire_puppet(test);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wscale, 6);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 832 >> 6);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd_max, 2560);
	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 0);
	wire_run_ms(w, 300);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_nxt - wire_xs(w, A)->tcb.snd_una, 832);
}

/* A FIN has a number as well: it waits for the window that ends in front of it. */
static void window__full_in_front_of_fin(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 640 >> 6);
	WIRE_EQ(w, wire_send(w, A, 640), 640);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_nxt - wire_xs(w, A)->tcb.snd_una, 640);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 641, .wnd = 64 >> 6);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 1);
}

/* --- B5: congestion ------------------------------------------------------- */

/* Ten segments (RFC 6928), then twice as many in each round trip. */
static void slow_start__doubles(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_delay_ms(w, 100);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 200000), 0);
	WIRE_EQ(w, wire_send(w, A, 60000), 60000);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 10);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 30);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_recv(w, B, 65536), 60000);
}

static void initial_cwnd__by_knob(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, initial_cwnd, 3);
	wire_connected(test);
	WIRE_EQ(w, wire_send(w, A, 20000), 20000);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 3);
}

static void big_transfer__no_loss(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 again = wire_counter(XTCP_CNT_RETRANS_SEGS);

	wire_transfer(w, A, 1000000, 20000);
	WIRE_EQ(w, wire_counter(XTCP_CNT_RETRANS_SEGS) - again, 0);
}

static void big_transfer__both_ways_at_once(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		wire_send(w, A, 1500);
		wire_send(w, B, 1700);
		wire_recv(w, A, 65536);
		wire_recv(w, B, 65536);
		wire_run_ms(w, 1);
	}
	for (i = 0; i < 3000 && (w->side[A].sent != w->side[B].received ||
				 w->side[B].sent != w->side[A].received); i++) {
		wire_recv(w, A, 65536);
		wire_recv(w, B, 65536);
		wire_run_ms(w, 1);
	}
	WIRE_EQ(w, w->side[A].sent, w->side[B].received);
	WIRE_EQ(w, w->side[B].sent, w->side[A].received);
}

/* Losses of text and ACKs, other ones with each parameter: every octet arrives. */
static const unsigned int percents[] = { 2, 3, 5, 10, 20 };

static void percent_desc(const unsigned int *percent, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u percent", *percent);
}

KUNIT_ARRAY_PARAM(percent, percents, percent_desc);

static void big_transfer__under_loss(struct kunit *test)
{
	const unsigned int *percent = test->param_value;
	struct wire *w = wire_connected(test);

	wire_lossy(w, *percent, *percent);
	wire_transfer(w, A, *percent > 10 ? 40000 : 150000, 240000);
	WIRE_EQ(w, wire_xs(w, A)->stats.retrans > 0, true);
	wire_pass_all(w);
}

WIRE_SUITES(xtcp_data_wire,
	KUNIT_CASE_SLOW(one_segment),
	KUNIT_CASE_SLOW(delayed_ack__after_delack_ms),
	KUNIT_CASE_SLOW(delayed_ack__every_second_segment),
	KUNIT_CASE_SLOW(delayed_ack__rides_on_the_answer),
	KUNIT_CASE_SLOW(quick_acks__of_a_new_connection),
	KUNIT_CASE_SLOW(quick_acks__after_text_of_ours),
	KUNIT_CASE_SLOW(joined__read_after_the_end),
	KUNIT_CASE_SLOW(nagle_delayed_ack),
	KUNIT_CASE_SLOW(nagle__tcp_nodelay),
	KUNIT_CASE_SLOW(nagle__full_segments_go),
	KUNIT_CASE_SLOW(nagle__two_gigabytes_later),
	KUNIT_CASE_SLOW(nagle__not_before_fin),
	KUNIT_CASE_SLOW(loss_rto),
	KUNIT_CASE_SLOW(loss_rto__whole_flight),
	KUNIT_CASE_SLOW(loss_rto__acknowledged_in_part),
	KUNIT_CASE_SLOW(loss_fast_retransmit),
	KUNIT_CASE_SLOW(loss_fast_retransmit__not_by_two_acks),
	KUNIT_CASE_SLOW(loss_fast_retransmit__by_knob),
	KUNIT_CASE_SLOW(loss_fast_retransmit__not_by_three_acks),
	KUNIT_CASE_SLOW(loss_fast_retransmit__two_holes),
	KUNIT_CASE_SLOW(loss__of_an_ack),
	KUNIT_CASE_SLOW(loss__of_the_only_ack),
	KUNIT_CASE_SLOW(corrupt__dropped_and_sent_again),
	KUNIT_CASE_SLOW(karn),
	KUNIT_CASE_SLOW(rtt__follows_the_path),
	KUNIT_CASE_SLOW(rtt__of_the_receiver),
	KUNIT_CASE_SLOW(rtt__rto_follows),
	KUNIT_CASE_SLOW(rtt__syn_sent_twice),
	KUNIT_CASE_SLOW(rtt__syn_sent_twice_with_timestamps),
	KUNIT_CASE_SLOW(reordering),
	KUNIT_CASE_SLOW(duplicate__delivered_once),
	KUNIT_CASE_SLOW(out_of_order__overlaps),
	KUNIT_CASE_SLOW(out_of_order__first_copy_wins),
	KUNIT_CASE_SLOW(out_of_order__backwards),
	KUNIT_CASE_PARAM(out_of_order__fin, ahead_gen_params),
	KUNIT_CASE_SLOW(out_of_order__gives_way_to_order),
	KUNIT_CASE_SLOW(trimmed__partly_old),
	KUNIT_CASE_SLOW(beyond_window__not_taken),
	KUNIT_CASE_SLOW(paws__old_segment_dropped),
	KUNIT_CASE_SLOW(paws_wrap),
	KUNIT_CASE_SLOW(paws_wrap__paws_off),
	KUNIT_CASE_SLOW(paws_idle_24_days),
	KUNIT_CASE_SLOW(paws_idle_24_days__by_knob),
	KUNIT_CASE_SLOW(timestamps__missing_in_a_keepalive),
	KUNIT_CASE_SLOW(timestamps__missing_in_an_ack),
	KUNIT_CASE_SLOW(timestamps__missing_is_dropped),
	KUNIT_CASE_SLOW(old_text__each_is_acknowledged),
	KUNIT_CASE_SLOW(zero_window__probes_double),
	KUNIT_CASE_SLOW(zero_window__probe_times),
	KUNIT_CASE_SLOW(zero_window__opens),
	KUNIT_CASE_SLOW(zero_window__update_lost),
	KUNIT_CASE_SLOW(zero_window__peer_dies),
	KUNIT_CASE_SLOW(window__never_shrinks),
	KUNIT_CASE_SLOW(window__clamped),
	KUNIT_CASE_SLOW(window__clamped_below_the_scale),
	KUNIT_CASE_SLOW(window__clamped_at_the_limits),
	KUNIT_CASE_SLOW(window__no_update_beyond_what_can_be_told),
	KUNIT_CASE_SLOW(window__nothing_to_tell_after_fin),
	KUNIT_CASE_SLOW(out_of_order__behind_the_fin),
	KUNIT_CASE_SLOW(autotune__slow_reader),
	KUNIT_CASE_SLOW(autotune__by_what_is_read),
	KUNIT_CASE_SLOW(autotune__by_a_window),
	KUNIT_CASE_SLOW(limited__by_what),
	KUNIT_CASE_SLOW(window__is_obeyed),
	KUNIT_CASE_SLOW(window__too_small_to_be_used),
	KUNIT_CASE_SLOW(window__full_in_front_of_fin),
	KUNIT_CASE_SLOW(slow_start__doubles),
	KUNIT_CASE_SLOW(initial_cwnd__by_knob),
	KUNIT_CASE_SLOW(big_transfer__no_loss),
	KUNIT_CASE_SLOW(big_transfer__both_ways_at_once),
	KUNIT_CASE_PARAM(big_transfer__under_loss, percent_gen_params),
	{ }
);
