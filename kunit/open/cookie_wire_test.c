// SPDX-License-Identifier: GPL-2.0
/*
 * SYN cookies, as ladders: mission A10, module/open/cookie.c. B answers a SYN and
 * is in LISTEN still: nothing of it stays there until the third segment.
 */

#include <linux/tcp.h>
#include <xtcp/cookie.h>
#include <xtcp/listener.h>
#include "../wire.h"

static int requests(void)
{
	return atomic_read(&xtcp_net(&init_net)->requests);
}

/* B listens and gives cookies to all. */
static struct wire *always(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, syncookies, 2);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	return w;
}

/* A SYN of no socket's with all options, its cookie lost on the wire. */
static void inject_syn(struct wire *w, unsigned int conn)
{
	wire_inject(w, A, XTCP_SYN, .conn = conn, .opt_len = 24,
		    .opt = { 2, 4, 1380 >> 8, 1380 & 0xff, 4, 2, 8, 10, 0, 0, 1, 0,
			     0, 0, 0, 0, 1, 3, 3, 5, 0, 0, 0, 0 });
}

/* What acknowledges the cookie of @conn_, and echoes its timestamp: .seq, .ack beyond it. */
#define inject_ack(w, conn_, ctl_, ...) do {				\
	struct wire_inject in_ = {					\
		.from = A, .ctl = (ctl_), .conn = (conn_),		\
		.opt_len = XTCP_OLEN_TS_ALIGNED,			\
		.opt = { 1, 1, 8, 10, 0, 0, 1, 1 }, ##__VA_ARGS__	\
	};								\
									\
	in_.seq++;							\
	in_.ack++;							\
	put_unaligned_be32((w)->conn[conn_].tsval[B], in_.opt + 8);	\
	wire_inject_segment(w, &in_);					\
} while (0)

/* B's segments are recorded, and go nowhere. */
static void nobody_at_a(struct wire *w)
{
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
}

/* --- what comes back ---------------------------------------------------------- */

static void always__all_options(struct kunit *test)
{
	struct wire *w = always(test);
	const struct xtcp_tcb *a, *b;

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0        -> LISTEN\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 <- LISTEN\n"
		    "0.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
	WIRE_EQ(w, wire_accept(w, B), 0);
	a = &wire_xs(w, A)->tcb;
	b = &wire_xs(w, B)->tcb;
	WIRE_EQ(w, b->ts_ok && a->ts_ok, true);
	WIRE_EQ(w, b->wscale_ok && a->wscale_ok, true);
	WIRE_EQ(w, b->snd_wscale, a->rcv_wscale);
	WIRE_EQ(w, b->rcv_wscale, a->snd_wscale);
	WIRE_EQ(w, b->snd_mss, 536);		/* 1012, rounded down */
	wire_transfer(w, A, 200000, 20000);
	wire_transfer(w, B, 200000, 20000);
}

static void always__counts(struct kunit *test)
{
	u64 sent = wire_counter(XTCP_CNT_SYNCOOKIES_SENT);
	u64 recv = wire_counter(XTCP_CNT_SYNCOOKIES_RECV);
	u64 failed = wire_counter(XTCP_CNT_SYNCOOKIES_FAILED);
	u64 made = wire_counter(XTCP_CNT_REQUESTS);
	struct wire *w = always(test);

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_SENT) - sent, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_RECV) - recv, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_FAILED) - failed, 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_REQUESTS) - made, 0);
}

static void always__options_of_the_syn(struct kunit *test)
{
	struct wire *w = always(test);
	struct xtcp_tcb *b;

	nobody_at_a(w);
	inject_syn(w, 0);
	inject_ack(w, 0, XTCP_ACK, .wnd = 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	b = &wire_xs(w, B)->tcb;
	WIRE_EQ(w, b->snd_mss, 1360);
	WIRE_EQ(w, b->snd_wscale, 5);
	WIRE_EQ(w, b->snd_wnd, 100 << 5);
	WIRE_EQ(w, b->ts_recent, 0x101);
}

/* Nothing could carry them: no window scaling. */
static void without_timestamps(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	wire_knob(w, syncookies, 2);
	wire_establish(w);
	WIRE_EQ(w, wire_xs(w, A)->tcb.ts_ok || wire_xs(w, B)->tcb.ts_ok, 0);
	WIRE_EQ(w, wire_xs(w, A)->tcb.wscale_ok || wire_xs(w, B)->tcb.wscale_ok, 0);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_mss, 536);
	wire_transfer(w, A, 100000, 20000);
	wire_transfer(w, B, 100000, 20000);
}

/* A knob that changes meanwhile changes nothing of what was agreed on. */
static void options__stay_agreed_on(struct kunit *test)
{
	struct wire *w = always(test);

	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 15);
	wire_knob(w, window_scaling, 0);
	wire_knob(w, timestamps, 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_xs(w, B)->tcb.ts_ok && wire_xs(w, B)->tcb.wscale_ok, true);
	wire_transfer(w, A, 20000, 10000);
}

/* RFC 7323 5.4: what B says of its clock goes on from the cookie. */
static void timestamps__never_go_back(struct kunit *test)
{
	struct wire *w = always(test);
	struct wire_segment *seg;
	u32 last = 0;
	bool known = false;

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 5000, 1000);
	list_for_each_entry(seg, &w->segments, link) {
		if (seg->from != B)
			continue;
		WIRE_EQ(w, seg->has_ts, true);
		WIRE_EQ(w, known && xtcp_seq_lt(seg->tsval, last), false);
		last = seg->tsval;
		known = true;
	}
	WIRE_EQ(w, known, true);
}

/* When the SYN-ACK went out is known to no one: RTO as at first, no sample. */
static void round_trip__not_measured(struct kunit *test)
{
	struct wire *w = always(test);

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_xs(w, B)->rtt.srtt_us, 0);
	WIRE_EQ(w, wire_xs(w, B)->rtt.rto_us, USEC_PER_SEC);
}

/* --- the third segment --------------------------------------------------------- */

static void third_ack_lost_then_data(struct kunit *test)
{
	struct wire *w = always(test);

	wire_drop(w, A, WIRE_ACK, 1, 1);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_transfer(w, B, 1000, 1000);
}

static void third_ack_lost_then_fin(struct kunit *test)
{
	struct wire *w = always(test);

	wire_drop(w, A, WIRE_ACK, 1, 1);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 200);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 0);
}

/* The third segment and the first text are lost; the rest must not be answered by RST. */
static void later_text__waits_for_the_first(struct kunit *test)
{
	struct wire *w = always(test);

	wire_knob(w, syncookie_lifetime_ms, 1000);
	nobody_at_a(w);
	inject_syn(w, 0);
	inject_ack(w, 0, XTCP_ACK | XTCP_PSH, .seq = 100, .len = 50);
	WIRE_STATE(w, B, LISTEN);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 0);
	inject_ack(w, 0, XTCP_ACK | XTCP_PSH, .len = 100);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	/* There is no cookie left that it could follow. */
	wire_run_ms(w, 2100);
	w->conn[1] = w->conn[0];
	inject_ack(w, 1, XTCP_ACK | XTCP_PSH, .seq = 100, .len = 50);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
}

static void rst__completes_nothing(struct kunit *test)
{
	struct wire *w = always(test);

	nobody_at_a(w);
	inject_syn(w, 0);
	inject_ack(w, 0, XTCP_RST | XTCP_ACK);
	WIRE_STATE(w, B, LISTEN);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 0);
	inject_ack(w, 0, XTCP_SYN | XTCP_ACK);
	WIRE_STATE(w, B, LISTEN);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, ESTABLISHED);
}

static void wrong_ack__gets_rst(struct kunit *test)
{
	struct wire *w = always(test);
	u64 failed = wire_counter(XTCP_CNT_SYNCOOKIES_FAILED);

	nobody_at_a(w);
	inject_syn(w, 0);
	inject_ack(w, 0, XTCP_ACK, .ack = 1);
	inject_ack(w, 0, XTCP_ACK, .seq = 1);
	WIRE_STATE(w, B, LISTEN);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 2);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_FAILED) - failed, 2);
}

/* Another's cookie is none: #1 has what #0 was given. */
static void wrong_peer__gets_rst(struct kunit *test)
{
	struct wire *w = always(test);

	nobody_at_a(w);
	inject_syn(w, 0);
	w->conn[1] = w->conn[0];
	inject_ack(w, 1, XTCP_ACK);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, ESTABLISHED);
}

/* To a millisecond behind the beginning of a period of a second. */
static void wait_for_period(struct wire *w)
{
	u32 ms;

	wire_knob(w, syncookie_lifetime_ms, 1000);
	div_u64_rem(div_u64(ktime_get_ns(), NSEC_PER_MSEC), 1000, &ms);
	wire_run_ms(w, 1001 - ms);
}

static void lifetime__twice_the_knob_at_most(struct kunit *test)
{
	struct wire *w = always(test);

	nobody_at_a(w);
	wait_for_period(w);
	inject_syn(w, 0);
	inject_syn(w, 1);
	wire_run_ms(w, 1997);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_run_ms(w, 3);
	inject_ack(w, 1, XTCP_ACK);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
}

static void lifetime__the_knob_at_least(struct kunit *test)
{
	struct wire *w = always(test);

	nobody_at_a(w);
	wait_for_period(w);
	wire_run_ms(w, 997);
	inject_syn(w, 0);
	wire_run_ms(w, 1001);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, ESTABLISHED);
}

/* --- when there are cookies ------------------------------------------------------- */

static void off__the_next_is_dropped(struct kunit *test)
{
	u64 sent = wire_counter(XTCP_CNT_SYNCOOKIES_SENT);
	struct wire *w = test->priv;

	wire_knob(w, syncookies, 0);
	wire_knob(w, max_syn_backlog, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	nobody_at_a(w);
	inject_syn(w, 1);
	inject_syn(w, 0);
	WIRE_EQ(w, requests(), 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_SENT) - sent, 0);
}

static void off__cookies_of_before_are_refused(struct kunit *test)
{
	struct wire *w = always(test);

	nobody_at_a(w);
	inject_syn(w, 0);
	wire_knob(w, syncookies, 0);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, LISTEN);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
}

/* One request, and from then on cookies: the queue grows no more, all connect. */
static void overflow__only_then(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 sent = wire_counter(XTCP_CNT_SYNCOOKIES_SENT);

	wire_knob(w, syncookies, 1);
	wire_knob(w, max_syn_backlog, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	nobody_at_a(w);
	inject_syn(w, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_SENT) - sent, 0);
	inject_syn(w, 2);
	inject_syn(w, 0);
	WIRE_EQ(w, requests(), 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_SENT) - sent, 2);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, ESTABLISHED);
	inject_ack(w, 1, XTCP_ACK);
	inject_ack(w, 2, XTCP_ACK);
	WIRE_EQ(w, requests(), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
}

static bool flooded(struct wire *w)
{
	return rcu_access_pointer(xtcp_sk(w->side[B].listener->sk)->own->listener)->flooded;
}

/* Who runs the listener is told of it once; cookies for all are no flood. */
static void overflow__is_told_once(struct kunit *test)
{
	struct wire *w = always(test);

	nobody_at_a(w);
	inject_syn(w, 1);
	WIRE_EQ(w, flooded(w), false);
	wire_knob(w, syncookies, 1);
	wire_knob(w, max_syn_backlog, 1);
	inject_syn(w, 2);
	WIRE_EQ(w, flooded(w), false);
	inject_syn(w, 3);
	WIRE_EQ(w, flooded(w), true);
}

/* Who sent no cookie of late does not look for one: a guess has no chance. */
static void overflow__of_late(struct kunit *test)
{
	u64 failed = wire_counter(XTCP_CNT_SYNCOOKIES_FAILED);
	struct wire *w = test->priv;

	wire_knob(w, syncookies, 1);
	wire_knob(w, syncookie_lifetime_ms, 1000);
	wire_knob(w, max_syn_backlog, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	nobody_at_a(w);
	inject_syn(w, 1);
	inject_ack(w, 0, XTCP_ACK, .ack = 76);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_FAILED) - failed, 0);
	inject_syn(w, 0);
	wire_run_ms(w, 1900);
	inject_ack(w, 0, XTCP_ACK, .ack = 76);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_FAILED) - failed, 1);
	wire_run_ms(w, 200);
	inject_ack(w, 0, XTCP_ACK, .ack = 76);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_FAILED) - failed, 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 3);
}

/* The experiments with the handshake know requests only. */
static void handshake_ways__no_cookies(struct kunit *test)
{
	struct wire *w = always(test);
	u64 sent = wire_counter(XTCP_CNT_SYNCOOKIES_SENT);

	wire_knob(w, handshake_ways, 4);
	nobody_at_a(w);
	inject_syn(w, 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_SENT) - sent, 0);
	WIRE_EQ(w, requests(), 1);
}

static void listener_closes__ack_gets_rst(struct kunit *test)
{
	struct wire *w = always(test);

	nobody_at_a(w);
	inject_syn(w, 0);
	wire_unlisten(w, B);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
}

/* --- full queues, other records ------------------------------------------------------ */

static void fill_accept_queue(struct wire *w)
{
	wire_knob(w, syncookies, 2);
	WIRE_EQ(w, wire_listen(w, B, 0), 0);
	nobody_at_a(w);
	inject_syn(w, 0);
	inject_syn(w, 1);
	inject_ack(w, 1, XTCP_ACK);
}

/* It becomes a request, whose SYN-ACK comes again: even a client that is silent gets in. */
static void accept_queue_full__another_chance(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 overflows = wire_counter(XTCP_CNT_LISTEN_OVERFLOWS);

	fill_accept_queue(w);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, SYN_RCVD);
	WIRE_EQ(w, requests(), 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 3);
	WIRE_EQ(w, wire_counter(XTCP_CNT_LISTEN_OVERFLOWS) - overflows, 1);
	WIRE_EQ(w, list_last_entry(&w->segments, struct wire_segment, link)->tsecr, 0x101);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_run_ms(w, 1100);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 4);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, requests(), 0);
}

/* No room for a request either: silence; text comes again, and when there is room it completes. */
static void both_queues_full__another_chance(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, max_syn_backlog, 1);
	WIRE_EQ(w, wire_listen(w, B, 0), 0);
	nobody_at_a(w);
	inject_syn(w, 2);
	WIRE_EQ(w, requests(), 1);
	inject_syn(w, 0);
	inject_syn(w, 1);
	inject_ack(w, 1, XTCP_ACK);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_EQ(w, requests(), 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	inject_ack(w, 0, XTCP_ACK | XTCP_PSH, .len = 10);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 100), 10);
}

static void accept_queue_full__abort_on_overflow(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, abort_on_overflow, 1);
	fill_accept_queue(w);
	inject_ack(w, 0, XTCP_ACK);
	WIRE_STATE(w, B, LISTEN);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
}

/* A SYN gets no cookie that could not be used. */
static void accept_queue_full__syn_is_dropped(struct kunit *test)
{
	struct wire *w = test->priv;

	fill_accept_queue(w);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 2);
	inject_syn(w, 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 2);
}

/*
 * The cookie is late, the SYN comes again and finds room for a request; then the
 * peer acknowledges the cookie, and it is that connection which comes about.
 */
static void later_request__gives_way(struct kunit *test)
{
	struct wire *w = always(test);

	wire_late(w, B, WIRE_SYN_ACK, 1, 1200);
	wire_drop(w, B, WIRE_SYN_ACK, 2, 1);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 500);
	wire_knob(w, syncookies, 1);
	wire_run_ms(w, 650);
	WIRE_EQ(w, requests(), 1);
	wire_run_ms(w, 150);
	WIRE_EQ(w, requests(), 0);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 5000, 1000);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 0);
}

/* The same where only later text arrives: the request knows the peer's ISN. */
static void later_request__gives_way_to_later_text(struct kunit *test)
{
	struct wire *w = always(test);
	struct wire_conn by_cookie;

	nobody_at_a(w);
	inject_syn(w, 0);
	by_cookie = w->conn[0];
	wire_knob(w, syncookies, 1);
	wire_run_ms(w, 500);
	inject_syn(w, 0);
	WIRE_EQ(w, requests(), 1);
	w->conn[0] = by_cookie;
	inject_ack(w, 0, XTCP_ACK | XTCP_PSH, .seq = 100, .len = 50);
	WIRE_EQ(w, requests(), 0);
	WIRE_STATE(w, B, ESTABLISHED);
	inject_ack(w, 0, XTCP_ACK | XTCP_PSH, .len = 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 150);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 0);
}

/* And the other way round: the cookie comes too late, and does no harm. */
static void later_request__comes_first(struct kunit *test)
{
	struct wire *w = always(test);

	wire_late(w, B, WIRE_SYN_ACK, 1, 1200);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 500);
	wire_knob(w, syncookies, 1);
	wire_run_ms(w, 1000);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 5000, 1000);
}

static void defer_accept__waits_for_text(struct kunit *test)
{
	struct wire *w = always(test);

	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_DEFER_ACCEPT, 10), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* B closed first: its TIME_WAIT record is there, and A is gone. */
static struct wire *time_wait(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 0), 0);
	wire_establish(w);
	wire_release(w, B);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 1100);
	WIRE_STATE(w, B, TIME_WAIT);
	return w;
}

/* It comes again; until it may open a new life, the old one is remembered. */
static void time_wait__outlives_a_full_accept_queue(struct kunit *test)
{
	struct wire *w = time_wait(test);

	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_STATE(w, B, TIME_WAIT);
	WIRE_STATE(w, A, SYN_SENT);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_run_ms(w, 1000);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 1000, 1000);
}

/* Its ISN must be above the old numbers, which no cookie is; a record made room. */
static void time_wait__makes_room_for_a_request(struct kunit *test)
{
	struct wire *w = time_wait(test);
	u64 sent = wire_counter(XTCP_CNT_SYNCOOKIES_SENT);

	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	inject_syn(w, 1);
	wire_knob(w, syncookies, 2);
	wire_knob(w, max_syn_backlog, 1);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 15);
	WIRE_EQ(w, requests(), 2);
	wire_run_ms(w, 100);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_counter(XTCP_CNT_SYNCOOKIES_SENT) - sent, 0);
}

WIRE_SUITES_MAPPED(xtcp_cookie_wire,
	KUNIT_CASE_SLOW(always__all_options),
	KUNIT_CASE_SLOW(always__counts),
	KUNIT_CASE_SLOW(always__options_of_the_syn),
	KUNIT_CASE_SLOW(without_timestamps),
	KUNIT_CASE_SLOW(options__stay_agreed_on),
	KUNIT_CASE_SLOW(timestamps__never_go_back),
	KUNIT_CASE_SLOW(round_trip__not_measured),
	KUNIT_CASE_SLOW(third_ack_lost_then_data),
	KUNIT_CASE_SLOW(third_ack_lost_then_fin),
	KUNIT_CASE_SLOW(later_text__waits_for_the_first),
	KUNIT_CASE_SLOW(rst__completes_nothing),
	KUNIT_CASE_SLOW(wrong_ack__gets_rst),
	KUNIT_CASE_SLOW(wrong_peer__gets_rst),
	KUNIT_CASE_SLOW(lifetime__twice_the_knob_at_most),
	KUNIT_CASE_SLOW(lifetime__the_knob_at_least),
	KUNIT_CASE_SLOW(off__the_next_is_dropped),
	KUNIT_CASE_SLOW(off__cookies_of_before_are_refused),
	KUNIT_CASE_SLOW(overflow__only_then),
	KUNIT_CASE_SLOW(overflow__is_told_once),
	KUNIT_CASE_SLOW(overflow__of_late),
	KUNIT_CASE_SLOW(handshake_ways__no_cookies),
	KUNIT_CASE_SLOW(listener_closes__ack_gets_rst),
	KUNIT_CASE_SLOW(accept_queue_full__another_chance),
	KUNIT_CASE_SLOW(both_queues_full__another_chance),
	KUNIT_CASE_SLOW(accept_queue_full__abort_on_overflow),
	KUNIT_CASE_SLOW(accept_queue_full__syn_is_dropped),
	KUNIT_CASE_SLOW(later_request__gives_way),
	KUNIT_CASE_SLOW(later_request__gives_way_to_later_text),
	KUNIT_CASE_SLOW(later_request__comes_first),
	KUNIT_CASE_SLOW(defer_accept__waits_for_text),
	KUNIT_CASE_SLOW(time_wait__outlives_a_full_accept_queue),
	KUNIT_CASE_SLOW(time_wait__makes_room_for_a_request),
	{ }
);
