// SPDX-License-Identifier: GPL-2.0
/* Memory and window are one promise (module/engine/window.c, receive.c). */

#include <linux/tcp.h>
#include <xtcp/receive.h>
#include "wire.h"

static struct wire *connected(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	wire_unlisten(w, B);
	wire_epoch(w);
	return w;
}

/* Segments of the test alone, to a B with a buffer of @rcvbuf; 0: the usual one. */
static struct wire *puppet(struct kunit *test, int rcvbuf)
{
	struct wire *w = test->priv;

	if (rcvbuf)
		wire_knob(w, rmem_default, rcvbuf);
	connected(test);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	return w;
}

static u32 window(struct wire *w)
{
	return xtcp_tcb_rcv_wnd(&wire_xs(w, B)->tcb);
}

static u32 next(struct wire *w)
{
	return wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs;
}

static int weight(struct wire *w)
{
	return atomic_read(&w->side[B].sock->sk->sk_rmem_alloc);
}

/* The last segment of B's. */
static struct wire_segment *said(struct wire *w)
{
	struct wire_segment *seg;

	list_for_each_entry_reverse(seg, &w->segments, link)
		if (seg->from == B)
			return seg;
	return NULL;
}

/* In order, @len octets at a time, until the window is full. */
static void fill(struct wire *w, u32 len)
{
	u32 n, before;

	while ((n = min(len, window(w)))) {
		before = next(w);
		wire_inject(w, A, XTCP_ACK, .seq = before, .ack = 1, .len = n);
		if (next(w) != before + n)
			break;
	}
}

/* What was announced is taken, also when the user has made the buffer smaller meanwhile. */
static void window__is_kept_in_a_smaller_buffer(struct kunit *test)
{
	struct wire *w = puppet(test, 65536);
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);
	u32 promised = window(w);
	int acks;

	WIRE_EQ(w, promised >= 32768 - 128, true);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 4096), 0);
	fill(w, 100);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 0);
	WIRE_EQ(w, next(w), promised + 1);
	WIRE_EQ(w, weight(w) <= 65536 + 4096, true);
	wire_run_ms(w, 200);
	WIRE_EQ(w, said(w)->wnd, 0);
	/* Whoever reads it all tells the peer at once. */
	acks = wire_count(w, B, WIRE_ACK);
	WIRE_EQ(w, wire_recv(w, B, 65536), promised);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 1);
	WIRE_EQ(w, said(w)->wnd > 0, true);
}

/* Small segments, a scale that cannot express their ends: the edge moves by segments. */
static void window__does_not_creep(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);
	u32 edge, moves = 0;

	wire_knob(w, rmem_max, 1 << 23);
	puppet(test, 1 << 15);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_wscale, 7);
	edge = next(w) + window(w);
	while (window(w) && moves < 50) {
		wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = min(40U, window(w)));
		if (next(w) + window(w) == edge)
			continue;
		WIRE_EQ(w, next(w) + window(w) - edge > 400, true);
		edge = next(w) + window(w);
		moves++;
	}
	wire_run_ms(w, 200);
	WIRE_EQ(w, said(w)->wnd, 0);
	WIRE_EQ(w, moves < 50, true);
	WIRE_EQ(w, next(w) < 1 << 15, true);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 0);
}

/* A buffer smaller than the least window that scaling can express: that is what is told. */
static void window__opens_by_the_least(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, rmem_max, 1 << 28);
	puppet(test, 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 1000), 0);
	fill(w, 1000);
	wire_run_ms(w, 200);
	WIRE_EQ(w, said(w)->wnd, 0);
	while (wire_recv(w, B, 65536) > 0)
		;
	WIRE_EQ(w, said(w)->wnd, 1);
}

/* Text is a tenth of its weight: less is announced. With full segments more again. */
static void window__by_what_text_weighs(struct kunit *test)
{
	struct wire *w = puppet(test, 1 << 17);
	u32 i;

	WIRE_EQ(w, xtcp_window_largest(w->side[B].sock->sk), 1 << 16);
	for (i = 0; i < 400; i++) {
		wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 60);
		wire_recv(w, B, 1000);
	}
	WIRE_EQ(w, xtcp_window_largest(w->side[B].sock->sk), 1 << 15);
	for (i = 0; i < 100; i++) {
		wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 1400);
		wire_recv(w, B, 2000);
	}
	WIRE_EQ(w, xtcp_window_largest(w->side[B].sock->sk) > 1 << 15, true);
}

/* A full queue, and memory runs out. */
static struct wire *refusing(struct kunit *test)
{
	struct wire *w = puppet(test, 1 << 17);
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 500);
	wire_memory_runs_out(w);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 500);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 1);
	return w;
}

/* RFC 9293 3.8.6.1: what cannot be held is a window of 0, until there is memory. */
static void no_memory__window_0_is_said(struct kunit *test)
{
	struct wire *w = refusing(test);
	u32 edge = wire_xs(w, B)->tcb.rcv_adv;

	WIRE_EQ(w, said(w)->wnd, 0);
	WIRE_EQ(w, said(w)->ack_rel, 501);
	/* A probe of the window: still so. */
	wire_inject(w, A, XTCP_ACK, .seq = 500, .ack = 1);
	WIRE_EQ(w, said(w)->wnd, 0);
	WIRE_EQ(w, xtcp_receive_enough(w->side[B].sock->sk, INT_MAX), true);
	wire_memory_is_back(w);
	wire_run_ms(w, 1000);
	wire_inject(w, A, XTCP_ACK, .seq = 500, .ack = 1);
	WIRE_EQ(w, said(w)->wnd > 0, true);
	/* What was promised before is taken. */
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 1000);
	WIRE_EQ(w, next(w), 1501);
	WIRE_EQ(w, xtcp_seq_geq(wire_xs(w, B)->tcb.rcv_adv, edge), true);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1500);
}

/* Who has read all is told of the one segment that is taken in any case. */
static void no_memory__reader_comes_back(struct kunit *test)
{
	struct wire *w = refusing(test);
	u32 wnd;

	WIRE_EQ(w, wire_recv(w, B, 2000), 500);
	wnd = (u32)said(w)->wnd << wire_xs(w, B)->tcb.rcv_wscale;
	WIRE_EQ(w, wnd >= 500 && wnd <= 2000, true);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 500);
	WIRE_EQ(w, wire_recv(w, B, 2000), 500);
	wire_memory_is_back(w);
}

/* Buffers of their own that nothing can be joined to, half of them half empty. */
static void compact__as_often_as_it_saves(struct kunit *test)
{
	u64 compacted = wire_counter(XTCP_CNT_RCV_COMPACTED);
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);
	struct wire *w = puppet(test, 400000);
	u32 i, n, segments = 0;

	while (window(w) >= 1160) {
		n = segments++ % 2 ? 520 : 1160;
		wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = n);
	}
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 0);
	WIRE_EQ(w, weight(w) <= 400000 + 4096, true);
	/* Each once. */
	compacted = wire_counter(XTCP_CNT_RCV_COMPACTED) - compacted;
	WIRE_EQ(w, compacted <= segments, true);
	for (i = 0; i < 100; i++)
		wire_inject(w, A, XTCP_ACK, .seq = next(w) - 1, .ack = 1, .len = 1);
	WIRE_EQ(w, wire_recv(w, B, 400000), next(w) - 1);
}

/* Memory does for compacting what it must: text as heavy as it comes, behind a light start. */
static void compact__keeps_the_promise(struct kunit *test)
{
	static const u16 lengths[] = { 1, 1, 250, 3, 90, 1, 600, 2 };
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);
	struct wire *w = puppet(test, 1 << 17);
	u32 promised = window(w), i;

	for (i = 0; window(w); i++)
		wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1,
			    .len = min_t(u32, lengths[i % ARRAY_SIZE(lengths)], window(w)));
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 0);
	WIRE_EQ(w, next(w) > promised, true);
	WIRE_EQ(w, weight(w) <= (1 << 17) + 8192, true);
	WIRE_EQ(w, wire_recv(w, B, 1 << 17), next(w) - 1);
}

/* Octets beyond the edge lie in the last buffer: what follows does not follow them. */
static void trimmed__is_not_joined(struct kunit *test)
{
	struct wire *w = puppet(test, 8192);
	u32 promised = window(w);

	while (window(w) > 60)
		wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1,
			    .len = min(window(w) - 60, 1000U));
	wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 100);
	WIRE_EQ(w, next(w), promised + 1);
	/* The last buffer stays. */
	WIRE_EQ(w, wire_recv(w, B, promised - 10), promised - 10);
	WIRE_EQ(w, window(w) > 100, true);
	wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 20);
	wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 20);
	WIRE_EQ(w, wire_recv(w, B, 100), 50);
}

/* MSG_PEEK for more than fits: what there is; it makes no room for more. */
static void peek__for_more_than_fits(struct kunit *test)
{
	u8 *text = kunit_kzalloc(test, 65536, GFP_KERNEL);
	struct kvec vec = { .iov_base = text, .iov_len = 65536 };
	struct wire *w = test->priv;
	struct msghdr msg = { };
	int n;

	wire_knob(w, rmem_default, 16384);
	connected(test);
	WIRE_EQ(w, wire_send(w, A, 40000) > 30000, true);
	n = kernel_recvmsg(w->side[B].sock, &msg, &vec, 1, 65536, MSG_PEEK | MSG_WAITALL);
	WIRE_EQ(w, n > 4000 && n <= 16384, true);
	WIRE_EQ(w, wire_now_us(w) < 1000000, true);
	WIRE_EQ(w, wire_recv(w, B, 65536) >= n, true);
}

/* A has sent 10,000 octets that do not arrive; of the window only 2,000 are left. */
static struct wire *taken_back(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, window_scaling, 0);
	connected(test);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 10000), 10000);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_nxt - wire_xs(w, A)->tcb.snd_una > 9000, true);
	wire_epoch(w);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 2000);
	return w;
}

/* RFC 9293 MUST-34: the peer does not look at what stands beyond its window. */
static void taken_back__acks_stay_inside(struct kunit *test)
{
	struct wire *w = taken_back(test);

	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED <- . 1:11 ack 1 <- *\n"
		    "0.000 ESTABLISHED -> . 2001 ack 11 -> x\n");
}

static void taken_back__rst_stays_inside(struct kunit *test)
{
	struct wire *w = taken_back(test);

	wire_epoch(w);
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	WIRE_EXPECT(w, "0.000 ESTABLISHED -> R. 2001 ack 11 -> x\n");
}

/* All of the window is under way, its first segment lost: A's ACKs have the number of the edge. */
static void right_edge__ack_counts(struct kunit *test)
{
	struct wire *w = puppet(test, 16384);

	WIRE_EQ(w, wire_send(w, B, 1000), 1000);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 500);
	wire_inject(w, A, XTCP_ACK, .seq = 1 + window(w), .ack = 1001);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_una, wire_xs(w, B)->tcb.snd_nxt);
	/* A RST there is answered, for it may be the peer's (RFC 5961 3.2). */
	wire_inject(w, A, XTCP_RST, .seq = 1 + window(w));
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, said(w)->ack_rel, 1);
}

/* While the user has the socket, small segments become one; the last may have a FIN. */
static void backlog__joins_small_segments(struct kunit *test)
{
	u64 joined = wire_counter(XTCP_CNT_BACKLOG_JOINED);
	struct wire *w = puppet(test, 0);
	struct sock *sk = w->side[B].sock->sk;
	u32 seq;

	lock_sock(sk);
	for (seq = 1; seq < 400; seq += 4)
		wire_inject(w, A, XTCP_ACK | (seq % 3 ? XTCP_PSH : 0), .seq = seq, .ack = 1,
			    .len = 4, .wnd = 1000 + seq);
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = seq, .ack = 1, .len = 2);
	WIRE_EQ(w, sk->sk_backlog.len < 30000, true);
	release_sock(sk);
	WIRE_EQ(w, wire_counter(XTCP_CNT_BACKLOG_JOINED) - joined > 50, true);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_EQ(w, wire_recv(w, B, 1000), seq + 1);
	WIRE_EQ(w, wire_recv(w, B, 1000), 0);
	WIRE_EQ(w, weight(w), 0);
}

/* What is urgent, what has other options or no text, what does not follow, stands alone. */
static void backlog__joins_nothing_else(struct kunit *test)
{
	u64 joined = wire_counter(XTCP_CNT_BACKLOG_JOINED);
	struct wire *w = puppet(test, 0);
	struct sock *sk = w->side[B].sock->sk;

	lock_sock(sk);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 4);
	wire_inject(w, A, XTCP_ACK, .seq = 5, .ack = 1);
	wire_inject(w, A, XTCP_ACK, .seq = 5, .ack = 1);
	wire_inject(w, A, XTCP_ACK | XTCP_URG, .seq = 5, .ack = 1, .len = 4, .up = 4);
	wire_inject(w, A, XTCP_ACK, .seq = 9, .ack = 1, .len = 4);
	wire_inject(w, A, XTCP_ACK, .seq = 14, .ack = 1, .len = 4);
	wire_inject(w, A, XTCP_ACK, .seq = 13, .ack = 1, .len = 1, .ts_age = -1);
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = 18, .ack = 1, .len = 1, .ts_age = -1);
	wire_inject(w, A, XTCP_ACK, .seq = 20, .ack = 1, .len = 1, .ts_age = -1);
	release_sock(sk);
	WIRE_EQ(w, wire_counter(XTCP_CNT_BACKLOG_JOINED) - joined, 0);
	WIRE_EQ(w, next(w), 20);
}

WIRE_SUITES(xtcp_promise_wire,
	KUNIT_CASE_SLOW(window__is_kept_in_a_smaller_buffer),
	KUNIT_CASE_SLOW(window__does_not_creep),
	KUNIT_CASE_SLOW(window__opens_by_the_least),
	KUNIT_CASE_SLOW(window__by_what_text_weighs),
	KUNIT_CASE_SLOW(no_memory__window_0_is_said),
	KUNIT_CASE_SLOW(no_memory__reader_comes_back),
	KUNIT_CASE_SLOW(compact__as_often_as_it_saves),
	KUNIT_CASE_SLOW(compact__keeps_the_promise),
	KUNIT_CASE_SLOW(trimmed__is_not_joined),
	KUNIT_CASE_SLOW(peek__for_more_than_fits),
	KUNIT_CASE_SLOW(taken_back__acks_stay_inside),
	KUNIT_CASE_SLOW(taken_back__rst_stays_inside),
	KUNIT_CASE_SLOW(right_edge__ack_counts),
	KUNIT_CASE_SLOW(backlog__joins_small_segments),
	KUNIT_CASE_SLOW(backlog__joins_nothing_else),
	{ }
);
