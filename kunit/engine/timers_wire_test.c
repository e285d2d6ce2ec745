// SPDX-License-Identifier: GPL-2.0
/*
 * What is tried again and given up, engine/timers.c, where the clock is not as usual: the
 * machine stood still, the user is impatient, the device refuses to send.
 */

#include <linux/tcp.h>
#include <xtcp/output.h>
#include <xtcp/skb.h>
#include "../wire.h"

/* Its window is shut on text of A. */
static struct wire *window_shut(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, delack_ms, 1);	/* RTT 20 to 21 ms: RTO is the minimum */
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 16384), 0);
	wire_connected(test);
	do {
		wire_run_ms(w, 50);
	} while (wire_send(w, A, 1000) > 0 && wire_xs(w, A)->tcb.snd_wnd);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd, 0);
	wire_send(w, A, 1000);
	return w;
}

/* A asks after its peer. */
static void keep_alive(struct wire *w, unsigned int time_ms, unsigned int intvl_ms,
		       unsigned int probes)
{
	wire_knob(w, keepalive_time_ms, time_ms);
	wire_knob(w, keepalive_intvl_ms, intvl_ms);
	wire_knob(w, keepalive_probes, probes);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
}

/* --- what waits ----------------------------------------------------------- */

/* The ACK comes long before the RTO: no hrtimer is set for that, and soon nothing waits. */
static void far_off__acknowledged(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct xtcp_sock *xs = wire_xs(w, A);

	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, xs->due_ns[XTCP_TIMER_RETRANSMIT], 0);
	WIRE_EQ(w, timer_pending(&xs->inet.sk.sk_timer), true);
	WIRE_EQ(w, hrtimer_is_queued(&xs->timer), false);
	wire_run_ms(w, 150);
	WIRE_EQ(w, timer_pending(&xs->inet.sk.sk_timer), false);
	WIRE_EQ(w, xs->timer_armed, false);
}

/* It does not: the RTO is over to the microsecond, whatever jiffies are. */
static void far_off__due(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct xtcp_sock *xs = wire_xs(w, A);
	u64 due_ns;

	wire_run_ms(w, 1000);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	due_ns = xs->due_ns[XTCP_TIMER_RETRANSMIT];
	wire_run_ms(w, 190);
	WIRE_EQ(w, hrtimer_is_queued(&xs->timer), true);
	WIRE_EQ(w, hrtimer_get_expires(&xs->timer) == ns_to_ktime(due_ns), true);
	wire_run_ms(w, 20);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
}

/* The user holds the socket meanwhile: he sets the hrtimer when he lets go. */
static void far_off__user_has_it(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct xtcp_sock *xs = wire_xs(w, A);

	wire_run_ms(w, 1000);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	lock_sock(&xs->inet.sk);
	wire_run_ms(w, 190);
	WIRE_EQ(w, hrtimer_is_queued(&xs->timer), false);
	release_sock(&xs->inet.sk);
	WIRE_EQ(w, hrtimer_is_queued(&xs->timer), true);
	wire_run_ms(w, 20);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
}

/* --- a machine that stood still --------------------------------------------- */

/*
 * Five seconds of silence, then three probes a second apart: in 15 s of standstill all
 * of that is over, though the peer is there and answers the first one.
 */
static void standstill__keepalive(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	keep_alive(w, 5000, 1000, 3);
	wire_epoch(w);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 4000);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EXPECT(w,
		    "15.000 ESTABLISHED -> . 0 ack 1 -> ESTABLISHED\n"
		    "15.010 ESTABLISHED <- . 1 ack 1 <- ESTABLISHED\n");
}

/* The last probe went before: its answer waits to be looked at. */
static void standstill__after_the_last_probe(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	keep_alive(w, 5000, 1000, 1);
	wire_epoch(w);
	wire_drop(w, B, WIRE_ACK, 1, 1);
	wire_run_ms(w, 5500);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 900);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_xs(w, A)->probes, 0);
}

/* Text: what is due is sent, and then there is time for an answer. */
static void standstill__text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, retries2, 3);
	wire_drop(w, A, WIRE_DATA, 1, 2);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 250);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 2000);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EXPECT(w,
		    " 0.000 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    " 0.200 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "15.250 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "15.260 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

/* All tries are over by then: one more, and the end when that has no answer, either. */
static void standstill__text_to_the_dead(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_knob(w, retries2, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 250);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 1);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 2000);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 3);
}

/* The user's patience ended meanwhile: the peer has an RTO to answer. */
static void standstill__user_timeout(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 5000), 0);
	wire_drop(w, A, WIRE_DATA, 1, 2);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 250);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 500);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_una, wire_xs(w, A)->tcb.snd_nxt);
}

static void standstill__user_timeout_of_the_dead(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 5000), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 250);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 199);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

static void standstill__window_probes(struct kunit *test)
{
	struct wire *w = window_shut(test);

	wire_knob(w, retries2, 2);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 2000);
	WIRE_STATE(w, A, ESTABLISHED);
}

static void standstill__syn(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, syn_retries, 2);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_SYN, 1, 1);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 100);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN), 2);
}

/* A request: the third segment comes while the machine stands still. */
static void standstill__syn_ack(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, synack_retries, 2);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	wire_drop(w, A, WIRE_SYN, 2, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 500);
	wire_stand_still_ms(w, 15000);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 2);
}

/* --- an impatient user -------------------------------------------------------- */

/* RFC 5482: to the millisecond, not when a timer happens to fire next. */
static void user_timeout__window_is_shut(struct kunit *test)
{
	struct wire *w = window_shut(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 30000), 0);
	wire_epoch(w);
	wire_run_ms(w, 29900);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 500);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* It is for what is not acknowledged: where ACKs come the patience is never at its end. */
static void user_timeout__of_the_oldest(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u32 i;

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 1000), 0);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	for (i = 1; i <= 12; i++) {
		wire_run_ms(w, 150);
		WIRE_EQ(w, wire_send(w, A, 1000), 1000);
		wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1 + i * 1000);
	}
	WIRE_EQ(w, wire_xs(w, A)->stats.retrans, 0);
	wire_run_ms(w, 990);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 20);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* So are retries: each row of them is a row of its own. */
static void retries__do_not_add_up(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u32 i;

	wire_knob(w, retries2, 3);
	for (i = 0; i < 4; i++) {
		WIRE_EQ(w, wire_send(w, A, 1000), 1000);
		wire_run_ms(w, 650);
		wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1001 + i * 1000);
		WIRE_EQ(w, wire_xs(w, A)->retransmits, 0);
	}
	WIRE_EQ(w, wire_xs(w, A)->stats.rtos, 8);
	WIRE_EQ(w, wire_xs(w, A)->stats.rto_recoveries, 4);
	WIRE_STATE(w, A, ESTABLISHED);
}

/* Sooner than the first retry would be. */
static void user_timeout__below_rto(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 150), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 149);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

/* Set while something waits already. */
static void user_timeout__set_meanwhile(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 7000);			/* the next retry is at 12.6 s */
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 8000), 0);
	wire_run_ms(w, 999);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

static void user_timeout__set_too_late(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 7000);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 1000), 0);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
}

static void user_timeout__keepalive(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_knob(w, keepalive_time_ms, 5000);
	wire_knob(w, keepalive_intvl_ms, 75000);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 8000), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_run_ms(w, 7800);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 250);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* Set while the window is shut, and the next probe is due later. */
static void user_timeout__set_while_probing(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 4000);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 4500), 0);
	wire_run_ms(w, 500);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 500);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

static void user_timeout__set_in_keepalive(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_knob(w, keepalive_time_ms, 5000);
	wire_knob(w, keepalive_intvl_ms, 75000);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_run_ms(w, 6000);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 8000), 0);
	wire_run_ms(w, 1800);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 250);
	WIRE_STATE(w, A, CLOSED);
}

/* Patience for less than the idle time: the peer is asked all the same, before it ends. */
static void user_timeout__below_the_idle_time(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, keepalive_time_ms, 10000);
	wire_knob(w, keepalive_intvl_ms, 2000);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 3000), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_run_ms(w, 35000);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 3);	/* answers */
	/* The last of them 5 s ago. */
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_run_ms(w, 6700);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 400);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* --- keepalive ------------------------------------------------------------------ */

/* Text on its way when it is due asks the same question; it is asked again behind that. */
static void keepalive__goes_on_behind_text(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	unsigned int probes;

	keep_alive(w, 5000, 1000, 3);
	wire_run_ms(w, 4500);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 1000);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 101);
	probes = wire_count(w, A, WIRE_ACK);
	wire_run_ms(w, 4900);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - probes, 0);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - probes, 1);
	wire_run_ms(w, 3000);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* Before the first probe, and in the middle of them. */
static void keepalive__turned_off(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	unsigned int probes;

	keep_alive(w, 5000, 1000, 3);
	wire_run_ms(w, 3000);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 0), 0);
	probes = wire_count(w, A, WIRE_ACK);
	wire_run_ms(w, 20000);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - probes, 0);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_run_ms(w, 6500);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - probes, 2);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 0), 0);
	wire_run_ms(w, 20000);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - probes, 2);
	WIRE_STATE(w, A, ESTABLISHED);
}

/* Idle is since the last segment, however often the option is set. */
static void keepidle__set_again_and_again(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	int i;

	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	for (i = 0; i < 8; i++) {
		WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_KEEPIDLE, 5), 0);
		wire_run_ms(w, 1000);
	}
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), 2);	/* that of the handshake, and a probe */
}

/* Idle for longer already: now. */
static void keepidle__shorter_than_it_has_been(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_run_ms(w, 8000);
	wire_epoch(w);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_KEEPIDLE, 5), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 0 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1 <- ESTABLISHED\n");
}

/* Only what is acceptable is a sign of life: whoever sends anything else may be anyone. */
static void keepalive__nonsense_is_no_answer(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u32 i;

	keep_alive(w, 2000, 1000, 2);
	for (i = 0; i < 13; i++) {
		wire_inject(w, B, XTCP_ACK, .seq = 5000000, .ack = 1);
		wire_inject(w, B, XTCP_ACK, .seq = -50, .ack = 1, .len = 10);
		wire_inject(w, B, XTCP_RST, .seq = 50);
		wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 5000);
		wire_run_ms(w, 300);
	}
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 200);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* It adds no probe to those that are under way. */
static void keepidle__set_while_probing(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	int i;

	wire_knob(w, keepalive_time_ms, 1000);
	wire_knob(w, keepalive_intvl_ms, 10000);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_run_ms(w, 1500);
	for (i = 0; i < 20; i++) {
		WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_KEEPIDLE, 1), 0);
		wire_run_ms(w, 10);
	}
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_xs(w, A)->probes, 1);
}

/* --- beside the user ---------------------------------------------------------------- */

/* What is due while he has the socket comes when he lets go, and goes on from there. */
static void due_beside_the_user__when_he_lets_go(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct sock *sk = w->side[A].sock->sk;
	unsigned int acks;

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	lock_sock(sk);
	wire_run_ms(w, 250);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	release_sock(sk);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
	wire_run_ms(w, 400);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 3);
	/* A delayed ACK. */
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 101);
	wire_xs(w, A)->rcv.quick_acks = 0;
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 101, .len = 10);
	acks = wire_count(w, A, WIRE_ACK);
	lock_sock(sk);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - acks, 0);
	release_sock(sk);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) - acks, 1);
}

/* --- window probes ---------------------------------------------------------------- */

/* What probes were doubled to is forgotten when the window opens. */
static void window_opens__rto_is_not_that_of_probes(struct kunit *test)
{
	struct wire *w = window_shut(test);
	u32 again = wire_xs(w, A)->stats.retrans;

	wire_run_ms(w, 5000);
	WIRE_EQ(w, wire_xs(w, A)->backoff > 2, true);
	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	while (wire_recv(w, B, 65536) > 0)
		;
	wire_run_ms(w, 205);		/* 10 of them until A knows */
	WIRE_EQ(w, wire_xs(w, A)->stats.retrans - again, 0);
	wire_run_ms(w, 10);
	WIRE_EQ(w, wire_xs(w, A)->stats.retrans - again, 1);
}

/* --- a device that refuses ---------------------------------------------------------- */

/* Nothing is known of the path: each local_retry_ms, and the RTO is not doubled. */
static void refused__text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, local_retry_ms, 50);
	wire_refuse(w, A, 8);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 399);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 0);
	WIRE_EQ(w, wire_xs(w, A)->retransmits, 0);
	WIRE_EQ(w, wire_xs(w, A)->backoff, 0);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w,
		    "0.400 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "0.600 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.610 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

/* For ever: it ends when as many timeouts would have been over. */
static void refused__text_for_ever(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, retries2, 3);
	wire_refuse(w, A, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 2990);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 600);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* Who may not try again has not tried yet. */
static void refused__no_retries(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, orphan_retries, 0);
	wire_knob(w, local_retry_ms, 50);
	wire_refuse(w, A, 1);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_FIN), 1);
	WIRE_STATE(w, B, CLOSE_WAIT);
}

/* What fast retransmit could not send goes with the next duplicate ACK: no timeout. */
static void refused__fast_retransmit(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct xtcp_sock *xs = wire_xs(w, A);
	u32 ssthresh, i;

	/* An ACK that moves the window as well is no duplicate. */
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, wire_send(w, A, 8000), 8000);
	for (i = 0; i < 2; i++)
		wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	wire_refuse(w, A, 1);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, xs->cong.phase, XTCP_CONG_RECOVERY);
	WIRE_EQ(w, XTCP_SKB_CB(xtcp_queue_oldest((struct sock *)xs))->kept, true);
	ssthresh = xs->cong.ssthresh;
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, XTCP_SKB_CB(xtcp_queue_oldest((struct sock *)xs))->kept, false);
	WIRE_EQ(w, xs->cong.ssthresh, ssthresh);
}

/*
 * No more of those come: the timer sends it, soon, and that is no timeout, for the loss
 * was found by duplicate ACKs (RFC 5681 3.2). But an RTO later there is one.
 */
static void refused__fast_retransmit_by_timer(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u64 timeouts = wire_counter(XTCP_CNT_RTO_TIMEOUTS);
	struct xtcp_sock *xs = wire_xs(w, A);
	u32 cwnd, i;

	wire_knob(w, local_retry_ms, 50);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, wire_send(w, A, 8000), 8000);
	wire_refuse(w, A, 2);
	for (i = 0; i < 3; i++)
		wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, xs->cong.phase, XTCP_CONG_RECOVERY);
	cwnd = xs->cong.cwnd;
	wire_run_to_ms(w, 99);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 8);
	wire_run_to_ms(w, 299);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 9);
	WIRE_EQ(w, xs->cong.phase, XTCP_CONG_RECOVERY);
	WIRE_EQ(w, xs->cong.cwnd, cwnd);
	WIRE_EQ(w, xs->retransmits, 0);
	WIRE_EQ(w, xs->backoff, 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_RTO_TIMEOUTS) - timeouts, 0);
	wire_run_to_ms(w, 305);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 10);
	WIRE_EQ(w, xs->cong.phase, XTCP_CONG_LOSS);
	WIRE_EQ(w, xs->backoff, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_RTO_TIMEOUTS) - timeouts, 1);
}

/* What goes after a timeout, by ACKs: each that stays here is tried soon, and no timeout. */
static void refused__go_back(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u64 timeouts = wire_counter(XTCP_CNT_RTO_TIMEOUTS);
	struct xtcp_sock *xs = wire_xs(w, A);

	wire_knob(w, local_retry_ms, 50);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, wire_send(w, A, 4000), 4000);
	wire_run_to_ms(w, 205);
	WIRE_EQ(w, xs->cong.phase, XTCP_CONG_LOSS);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 5);
	wire_refuse(w, A, 1);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1001);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 5);
	wire_run_to_ms(w, 260);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 7);
	WIRE_EQ(w, xs->retransmits, 0);
	WIRE_EQ(w, xs->backoff, 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_RTO_TIMEOUTS) - timeouts, 1);
	wire_run_to_ms(w, 450);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 7);
	wire_run_to_ms(w, 460);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 8);
	WIRE_EQ(w, wire_counter(XTCP_CNT_RTO_TIMEOUTS) - timeouts, 2);
}

/* A timeout is one, though what is to be sent then stays here for a while. */
static void refused__timeout(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u64 timeouts = wire_counter(XTCP_CNT_RTO_TIMEOUTS);
	struct xtcp_sock *xs = wire_xs(w, A);

	wire_knob(w, local_retry_ms, 50);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_refuse(w, A, 2);
	wire_run_to_ms(w, 295);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	wire_run_to_ms(w, 305);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
	WIRE_EQ(w, xs->retransmits, 1);
	WIRE_EQ(w, xs->backoff, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_RTO_TIMEOUTS) - timeouts, 1);
	wire_run_to_ms(w, 695);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
	wire_run_to_ms(w, 705);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 3);
}

/* Nobody was asked: the next one comes soon, and the wait has not grown. */
static void refused__window_probe(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct xtcp_sock *xs = wire_xs(w, A);

	wire_knob(w, local_retry_ms, 50);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_refuse(w, A, 3);
	wire_epoch(w);
	wire_run_to_ms(w, 349);
	WIRE_EQ(w, xs->probes, 0);
	WIRE_EQ(w, xs->backoff, 0);
	wire_run_to_ms(w, 800);
	WIRE_EXPECT(w,
		    "0.350 ESTABLISHED -> . 0 ack 1 -> x\n"
		    "0.750 ESTABLISHED -> . 0 ack 1 -> x\n");
}

/*
 * For ever: it ends when as many probes would have been over that no one answers. What
 * he says meanwhile is an answer, too.
 */
static void refused__window_probe_for_ever(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_knob(w, retries2, 3);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_refuse(w, A, WIRE_FOREVER);
	wire_epoch(w);
	wire_run_to_ms(w, 2000);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	wire_run_to_ms(w, 4950);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_to_ms(w, 5500);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* With no one left to care, what he says does not help. */
static void refused__window_probe_of_an_orphan(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct xtcp_sock *xs = wire_xs(w, A);
	struct sock *sk = &xs->inet.sk;

	wire_knob(w, orphan_retries, 3);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_refuse(w, A, WIRE_FOREVER);
	wire_epoch(w);
	sock_hold(sk);
	wire_release(w, A);
	wire_run_to_ms(w, 2000);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	wire_run_to_ms(w, 2900);
	WIRE_EQ(w, sk->sk_state, TCP_FIN_WAIT1);
	wire_run_to_ms(w, 3700);
	WIRE_EQ(w, sk->sk_state, TCP_CLOSE);
	sock_put(sk);
}

static void refused__cwnd_is_halved_once(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_refuse(w, A, 30);
	WIRE_EQ(w, wire_send(w, A, 10000), 10000);
	wire_run_ms(w, 3000);
	WIRE_EQ(w, wire_xs(w, A)->cong.ssthresh, 5000);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 0);
}

static void refused__syn(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_refuse(w, A, 3);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 2500);
	WIRE_EXPECT(w,
		    "2.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
		    "2.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
		    "2.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
}

/* For ever: after as long as all the SYNs would have taken that nobody answers. */
static void refused__syn_for_ever(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, syn_linear_timeouts, 2);
	wire_knob(w, syn_retries, 2);
	wire_refuse(w, A, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 8900);		/* 1, 1, 1, 2 and 4 s */
	WIRE_STATE(w, A, SYN_SENT);
	wire_run_ms(w, 700);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* The user's patience is for what happens here, too, and to the millisecond. */
static void refused__user_timeout(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, local_retry_ms, 150);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 1000), 0);
	wire_refuse(w, A, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 995);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 10);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

static void refused__keepalive(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, keepalive_time_ms, 1000);
	wire_knob(w, keepalive_probes, 2);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 60000), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_epoch(w);
	wire_refuse(w, A, 5);
	wire_run_ms(w, 4000);
	WIRE_STATE(w, A, ESTABLISHED);
	/* Each 200 ms: an RTO is shorter than local_retry_ms. */
	WIRE_EXPECT(w,
		    "2.000 ESTABLISHED -> . 0 ack 1 -> ESTABLISHED\n"
		    "2.010 ESTABLISHED <- . 1 ack 1 <- ESTABLISHED\n");
}

/* --- an ACK that stays here ------------------------------------------------------------ */

/*
 * No memory for it, and no time to wait: it is tried again after local_retry_ms, and then
 * after as long as it has been here, but not at once, by a timer that lets no one run who
 * could free some.
 */
static void ack_kept__no_memory(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 delayed = wire_counter(XTCP_CNT_DELAYED_ACKS);

	wire_knob(w, delack_ms, 0);
	wire_knob(w, local_retry_ms, 50);
	xtcp_output_starve = 2;
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 70);
	WIRE_EQ(w, xtcp_output_starve, 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_DELAYED_ACKS) - delayed, 1);
	wire_run_ms(w, 110);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.110 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

/* Text that comes meanwhile waits no longer for it than else. */
static void ack_kept__text_comes_meanwhile(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	wire_knob(w, delack_ms, 40);
	wire_xs(w, B)->rcv.quick_acks = 1;
	wire_xs(w, B)->rcv.mss = 1000;
	xtcp_output_starve = 1;
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 20);
	WIRE_EQ(w, xtcp_output_starve, 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1   -> ESTABLISHED\n"
		    "0.020 ESTABLISHED -> P. 101:201 ack 1 -> ESTABLISHED\n"
		    "0.070 ESTABLISHED <- . 1 ack 201      <- ESTABLISHED\n");
}

/* One that the device refused, too: the peer does not have to send its text again. */
static void ack_kept__device_refuses(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, local_retry_ms, 50);
	wire_refuse(w, B, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 1000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.060 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
}

/* A probe comes before, and does not tell it: what its old number says is not taken. */
static void ack_kept__probe_goes_before(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, keepalive_time_ms, 100);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_refuse(w, B, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 500);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.110 ESTABLISHED <- . 0 ack 101    <- ESTABLISHED\n"
		    "0.110 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n"
		    "0.120 ESTABLISHED -> . 101 ack 1    -> ESTABLISHED\n");
}

/* Nor does the probe tell that there is a gap. */
static void ack_kept__probe_goes_before_a_duplicate(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_knob(w, keepalive_time_ms, 100);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_refuse(w, B, 1);
	wire_inject(w, A, XTCP_ACK, .seq = 101, .ack = 1, .len = 100);
	wire_epoch(w);
	wire_run_ms(w, 150);
	WIRE_EXPECT(w,
		    "0.100 x <- . 0 ack 1 <- ESTABLISHED\n"
		    "0.100 x <- . 1 ack 1 <- ESTABLISHED\n");
}

/* Text of its own would have told it, but that was refused as well, and can wait. */
static void ack_kept__text_is_refused_too(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	unsigned int acks = wire_count(w, B, WIRE_ACK);

	wire_knob(w, local_retry_ms, 50);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_refuse(w, B, 2);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 45);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 0);
	wire_run_ms(w, 10);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 1);
}

/* The same where the segment that is owed an ACK lets go what is refused. */
static void ack_kept__text_let_go_is_refused(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	unsigned int acks = wire_count(w, B, WIRE_ACK);

	wire_knob(w, delack_ms, 40);
	wire_xs(w, B)->rcv.quick_acks = 0;
	wire_xs(w, B)->rcv.mss = 1000;
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_NODELAY, 1), 0);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_refuse(w, B, 1);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100);
	WIRE_EQ(w, wire_xs(w, B)->snd.segments_out, 2);
	wire_run_ms(w, 45);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 1);
}

/* For ever: more and more rarely. */
static void ack_kept__for_ever(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct xtcp_sock *xs = wire_xs(w, B);
	unsigned int acks = wire_count(w, B, WIRE_ACK);
	u32 tried = xs->stats.segs_out;

	wire_knob(w, local_retry_ms, 50);
	xs->rcv.quick_acks = 1;
	wire_refuse(w, B, WIRE_FOREVER);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100);
	wire_run_ms(w, 3150);		/* at 0, 50, 100, 200, 400, 800 and 1600 */
	WIRE_EQ(w, xs->stats.segs_out - tried, 7);
	wire_run_ms(w, 100);
	WIRE_EQ(w, xs->stats.segs_out - tried, 8);
	/* But that is over once one went. */
	wire_refuse(w, B, 0);
	wire_run_ms(w, 3300);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 1);
	xs->rcv.quick_acks = 1;
	wire_refuse(w, B, 1);
	wire_inject(w, A, XTCP_ACK, .seq = 101, .ack = 1, .len = 100);
	wire_run_ms(w, 55);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 2);
}

/* It acknowledges nothing, but tells that the window is open: no probe has to ask. */
static void ack_kept__window_update(struct kunit *test)
{
	struct wire *w = window_shut(test);
	u64 probes;

	wire_run_ms(w, 2000);
	wire_knob(w, local_retry_ms, 50);
	probes = wire_counter(XTCP_CNT_WINDOW_PROBES);
	xtcp_output_starve = 1000;
	while (wire_recv(w, B, 65536) > 0)
		;
	WIRE_EQ(w, xtcp_output_starve < 1000, true);
	xtcp_output_starve = 0;
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd, 0);
	wire_run_ms(w, 65);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd > 0, true);
	WIRE_EQ(w, wire_counter(XTCP_CNT_WINDOW_PROBES) - probes, 0);
}

WIRE_SUITES(xtcp_timers_wire,
	KUNIT_CASE_SLOW(far_off__acknowledged),
	KUNIT_CASE_SLOW(far_off__due),
	KUNIT_CASE_SLOW(far_off__user_has_it),
	KUNIT_CASE_SLOW(standstill__keepalive),
	KUNIT_CASE_SLOW(standstill__after_the_last_probe),
	KUNIT_CASE_SLOW(standstill__text),
	KUNIT_CASE_SLOW(standstill__text_to_the_dead),
	KUNIT_CASE_SLOW(standstill__user_timeout),
	KUNIT_CASE_SLOW(standstill__user_timeout_of_the_dead),
	KUNIT_CASE_SLOW(standstill__window_probes),
	KUNIT_CASE_SLOW(standstill__syn),
	KUNIT_CASE_SLOW(standstill__syn_ack),
	KUNIT_CASE_SLOW(user_timeout__window_is_shut),
	KUNIT_CASE_SLOW(user_timeout__of_the_oldest),
	KUNIT_CASE_SLOW(retries__do_not_add_up),
	KUNIT_CASE_SLOW(user_timeout__below_rto),
	KUNIT_CASE_SLOW(user_timeout__set_meanwhile),
	KUNIT_CASE_SLOW(user_timeout__set_too_late),
	KUNIT_CASE_SLOW(user_timeout__keepalive),
	KUNIT_CASE_SLOW(user_timeout__set_while_probing),
	KUNIT_CASE_SLOW(user_timeout__set_in_keepalive),
	KUNIT_CASE_SLOW(user_timeout__below_the_idle_time),
	KUNIT_CASE_SLOW(keepalive__goes_on_behind_text),
	KUNIT_CASE_SLOW(keepalive__turned_off),
	KUNIT_CASE_SLOW(due_beside_the_user__when_he_lets_go),
	KUNIT_CASE_SLOW(keepidle__set_again_and_again),
	KUNIT_CASE_SLOW(keepidle__shorter_than_it_has_been),
	KUNIT_CASE_SLOW(keepalive__nonsense_is_no_answer),
	KUNIT_CASE_SLOW(keepidle__set_while_probing),
	KUNIT_CASE_SLOW(window_opens__rto_is_not_that_of_probes),
	KUNIT_CASE_SLOW(refused__text),
	KUNIT_CASE_SLOW(refused__text_for_ever),
	KUNIT_CASE_SLOW(refused__no_retries),
	KUNIT_CASE_SLOW(refused__fast_retransmit),
	KUNIT_CASE_SLOW(refused__fast_retransmit_by_timer),
	KUNIT_CASE_SLOW(refused__go_back),
	KUNIT_CASE_SLOW(refused__timeout),
	KUNIT_CASE_SLOW(refused__window_probe),
	KUNIT_CASE_SLOW(refused__window_probe_for_ever),
	KUNIT_CASE_SLOW(refused__window_probe_of_an_orphan),
	KUNIT_CASE_SLOW(refused__cwnd_is_halved_once),
	KUNIT_CASE_SLOW(refused__syn),
	KUNIT_CASE_SLOW(refused__syn_for_ever),
	KUNIT_CASE_SLOW(refused__user_timeout),
	KUNIT_CASE_SLOW(refused__keepalive),
	KUNIT_CASE_SLOW(ack_kept__no_memory),
	KUNIT_CASE_SLOW(ack_kept__text_comes_meanwhile),
	KUNIT_CASE_SLOW(ack_kept__device_refuses),
	KUNIT_CASE_SLOW(ack_kept__probe_goes_before),
	KUNIT_CASE_SLOW(ack_kept__probe_goes_before_a_duplicate),
	KUNIT_CASE_SLOW(ack_kept__text_is_refused_too),
	KUNIT_CASE_SLOW(ack_kept__text_let_go_is_refused),
	KUNIT_CASE_SLOW(ack_kept__for_ever),
	KUNIT_CASE_SLOW(ack_kept__window_update),
	{ }
);
