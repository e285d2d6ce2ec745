// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent again, when, and how much else meanwhile: RFC 5681, 6298, 6582; which
 * requirement a case shows is said in congestion.md. Virtual time heals: what comes too
 * late comes all the same. So these bound the time, or count what was sent.
 */

#include <xtcp/listener.h>
#include <xtcp/skb.h>

#include "../wire.h"

static struct wire *connected(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 400000), 0);
	return w;
}

/* Segments of the test alone: the real B neither sees nor sends anything. */
static struct wire *puppet(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 400000), 0);
	/* An ACK that moves the window as well is no duplicate. */
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	return w;
}

static struct xtcp_cong *cong(struct wire *w)
{
	return &wire_xs(w, A)->cong;
}

static u32 flight(struct wire *w)
{
	return wire_xs(w, A)->tcb.snd_nxt - wire_xs(w, A)->tcb.snd_una;
}

static unsigned int sent(struct wire *w)
{
	return wire_count(w, A, WIRE_DATA);
}

/* The real A gets an ACK of octets before @ack, so many times. */
static void ack(struct wire *w, u32 ack, unsigned int times)
{
	while (times--)
		wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = ack);
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

/* --- after a timeout -------------------------------------------------------- */

/* RFC 5681 3.1: a loss window is one segment, however small they are. */
static void timeout__one_segment(struct kunit *test)
{
	struct wire *w = connected(test);
	int i;

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	for (i = 0; i < 10; i++)
		WIRE_EQ(w, wire_send(w, A, 300), 300);
	WIRE_EQ(w, wire_send(w, A, 20000), 20000);
	wire_run_to_ms(w, 199);
	WIRE_EQ(w, sent(w), 10);
	wire_run_to_ms(w, 250);
	WIRE_EQ(w, sent(w), 11);
	WIRE_EQ(w, flight(w), 3000);
	WIRE_EQ(w, cong(w)->cwnd, 1000);
}

/* A copy that a queue of this machine holds still. */
static void hold_copy(struct sk_buff *skb, struct sock *sk, bool hold)
{
	struct sk_buff_fclones *fclones = container_of(skb, struct sk_buff_fclones, skb1);

	if (hold) {
		refcount_inc(&fclones->fclone_ref);
		fclones->skb2.sk = sk;
	} else {
		refcount_dec(&fclones->fclone_ref);
	}
}

/* What cannot be sent again yet does not let go what is new. */
static void timeout__nothing_new_meanwhile(struct kunit *test)
{
	struct wire *w = connected(test);
	struct sock *sk = w->side[A].sock->sk;
	struct sk_buff *head;

	wire_drop(w, A, WIRE_DATA, 1, 10);
	WIRE_EQ(w, wire_send(w, A, 40000), 40000);
	wire_run_to_ms(w, 100);
	WIRE_EQ(w, sent(w), 10);
	head = xtcp_queue_oldest(w->side[A].sock->sk);
	hold_copy(head, sk, true);
	wire_run_to_ms(w, 300);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_LOSS);
	WIRE_EQ(w, wire_xs(w, A)->backoff, 0);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	WIRE_EQ(w, sent(w), 10);
	WIRE_EQ(w, flight(w), 10000);
	hold_copy(head, sk, false);
	wire_run_to_ms(w, 3000);
	WIRE_EQ(w, flight(w), 0);
	WIRE_EQ(w, wire_recv(w, B, 65536), 41000);
}

/* RFC 5681 3.1: another loss after it is another reason to slow down. */
static void timeout__another_halves_again(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, initial_cwnd, 16);
	connected(test);
	wire_drop(w, A, WIRE_DATA, 1, 16);
	WIRE_EQ(w, wire_send(w, A, 16000), 16000);
	wire_run_to_ms(w, 205);
	WIRE_EQ(w, cong(w)->ssthresh, 8000);
	wire_run_to_ms(w, 235);
	WIRE_EQ(w, sent(w), 16 + 1 + 2);
	wire_drop(w, A, WIRE_DATA, 1, 4);
	wire_run_to_ms(w, 245);
	WIRE_EQ(w, sent(w), 16 + 1 + 2 + 4);
	WIRE_EQ(w, cong(w)->cwnd, 4000);
	WIRE_EQ(w, cong(w)->ssthresh, 8000);
	wire_run_to_ms(w, 450);
	WIRE_EQ(w, cong(w)->ssthresh, 2000);
	WIRE_EQ(w, cong(w)->cwnd, 1000);
	WIRE_EQ(w, sent(w), 16 + 1 + 2 + 4 + 1);
}

/* But not the next timeout of the same segment. */
static void timeout__of_the_same_segment_halves_once(struct kunit *test)
{
	struct wire *w = connected(test);

	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 10000), 10000);
	wire_run_to_ms(w, 3100);
	WIRE_EQ(w, sent(w), 14);
	WIRE_EQ(w, cong(w)->ssthresh, 5000);
	WIRE_EQ(w, cong(w)->cwnd, 1000);
}

/*
 * RFC 6582 3.2: after a timeout that was not needed, each copy is answered by a
 * duplicate ACK, and these tell of no loss.
 */
static void timeout__duplicate_acks_of_the_copies(struct kunit *test)
{
	struct wire *w = puppet(test);
	u64 fast = wire_counter(XTCP_CNT_FAST_RETRANS);
	unsigned int before;

	WIRE_EQ(w, wire_send(w, A, 6000), 6000);
	wire_run_to_ms(w, 205);
	WIRE_EQ(w, sent(w), 7);
	ack(w, 1001, 1);
	ack(w, 2001, 1);
	ack(w, 3001, 1);
	ack(w, 6001, 1);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_OPEN);
	WIRE_EQ(w, wire_send(w, A, 4000), 4000);
	before = sent(w);
	ack(w, 6001, 5);
	WIRE_EQ(w, sent(w), before);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_OPEN);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FAST_RETRANS) - fast, 0);
	/* Behind that they do. */
	ack(w, 7001, 4);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FAST_RETRANS) - fast, 1);
}

/* However far the numbers go on: half of the space later they seem to go back. */
static void timeout__two_gigabytes_later(struct kunit *test)
{
	struct wire *w = puppet(test);

	cong(w)->recover = wire_xs(w, A)->tcb.iss - (1U << 31) + 1500;
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	ack(w, 1001, 1);
	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	ack(w, 2001, 1);
	ack(w, 2001, 3);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
}

/* --- fast recovery ------------------------------------------------------------ */

/*
 * RFC 5681 3.2, RFC 6582 3.2: twenty on their way, the first is lost. Two go by limited
 * transmit, one goes again, and then one for each of those that left beyond half.
 */
static void fast_recovery__cwnd(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, initial_cwnd, 20);
	connected(test);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 60000), 60000);
	wire_run_to_ms(w, 19);
	WIRE_EQ(w, sent(w), 20);
	wire_run_to_ms(w, 25);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
	WIRE_EQ(w, cong(w)->ssthresh, 10000);
	/* The first of 19 ACKs had the first window that is scaled: no duplicate. */
	WIRE_EQ(w, cong(w)->cwnd, (10 + 18) * 1000);
	WIRE_EQ(w, sent(w), 20 + 2 + 1 + 6);
	/* The ACK of all that recovery was about: half as much as there was. */
	wire_run_to_ms(w, 41);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_OPEN);
	WIRE_EQ(w, cong(w)->dupacks, 0);
	WIRE_EQ(w, cong(w)->cwnd, 10000);
	WIRE_EQ(w, flight(w) <= cong(w)->cwnd, true);
	/* From now on one more a round trip. */
	wire_run_to_ms(w, 61);
	WIRE_EQ(w, cong(w)->cwnd <= 11000, true);
	WIRE_EQ(w, flight(w) <= cong(w)->cwnd, true);
	wire_run_to_ms(w, 300);
	WIRE_EQ(w, wire_recv(w, B, 65536), 60000);
	WIRE_EQ(w, wire_xs(w, A)->stats.retrans, 1);
}

/* Two duplicate ACKs after it are two again, and no three. */
static void fast_recovery__counts_anew(struct kunit *test)
{
	struct wire *w = puppet(test);

	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	ack(w, 1, 3);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
	ack(w, 5001, 1);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	ack(w, 6001, 1);
	ack(w, 6001, 2);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_OPEN);
	ack(w, 6001, 1);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
}

/* Also when the ACK that ends it is of more than there was when it began. */
static void fast_recovery__counts_anew_beyond_it(struct kunit *test)
{
	struct wire *w = puppet(test);

	WIRE_EQ(w, wire_send(w, A, 15000), 15000);
	ack(w, 1, 20);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
	WIRE_EQ(w, flight(w), 15000);
	ack(w, 14001, 1);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_OPEN);
	WIRE_EQ(w, cong(w)->cwnd, 2000);
	ack(w, 14001, 2);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_OPEN);
	ack(w, 14001, 1);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
}

/*
 * Nor does what they told of segments that left let more go than cwnd (RFC 3042). That is
 * a segment more than there is on its way: no burst (RFC 6582 3.2 step 3).
 */
static void fast_recovery__cwnd_is_obeyed_after_it(struct kunit *test)
{
	struct wire *w = puppet(test);

	WIRE_EQ(w, wire_send(w, A, 10000), 10000);
	ack(w, 1, 3);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
	ack(w, 10001, 1);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_OPEN);
	WIRE_EQ(w, wire_send(w, A, 40000), 40000);
	WIRE_EQ(w, flight(w), 2000);
}

/* RFC 5681 3.2: cwnd grows by no more segments than there are on their way. */
static void fast_recovery__acks_without_end(struct kunit *test)
{
	struct wire *w = puppet(test);

	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	ack(w, 1, 200);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
	WIRE_EQ(w, cong(w)->ssthresh, 2500);
	WIRE_EQ(w, cong(w)->cwnd <= 2500 + 5000 + 1000, true);
}

/* What a path too narrow ends goes on with half, not with what was added to that. */
static void fast_recovery__path_gets_narrow(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	puppet(test);
	WIRE_EQ(w, wire_send(w, A, 13000), 13000);
	ack(w, 1, 9);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
	WIRE_EQ(w, cong(w)->cwnd > 13000, true);
	wire_icmp_too_big(w, A, 1, 1228);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 1228);
	WIRE_EQ(w, cong(w)->cwnd, 6500 * 1228 / 1300);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_LOSS);
}

/* RFC 5681 4.3: the loss of what was sent again is another reason to slow down. */
static void fast_recovery__timeout(struct kunit *test)
{
	struct wire *w = puppet(test);

	WIRE_EQ(w, wire_send(w, A, 40000), 40000);
	ack(w, 1, 9);
	WIRE_EQ(w, cong(w)->ssthresh, 5000);
	WIRE_EQ(w, flight(w) > 10000, true);
	wire_run_to_ms(w, 300);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_LOSS);
	WIRE_EQ(w, cong(w)->ssthresh, 2500);
}

/* RFC 6298 5: never less than an RTO after it was sent last, be that by duplicate ACKs. */
static void fast_recovery__timer_counts_from_there(struct kunit *test)
{
	struct wire *w = puppet(test);

	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	wire_run_to_ms(w, 150);
	ack(w, 1, 4);
	WIRE_EQ(w, sent(w), 6);
	wire_run_to_ms(w, 349);
	WIRE_EQ(w, sent(w), 6);
	wire_run_to_ms(w, 351);
	WIRE_EQ(w, sent(w), 7);
	WIRE_EQ(w, wire_xs(w, A)->backoff, 1);
}

/* RFC 6582 3.2: a partial ACK takes as much from cwnd as it acknowledges, and gives one. */
static void fast_recovery__partial_ack(struct kunit *test)
{
	struct wire *w = puppet(test);

	WIRE_EQ(w, wire_send(w, A, 10000), 10000);
	ack(w, 1, 9);
	WIRE_EQ(w, cong(w)->cwnd, 5000 + 9000);
	ack(w, 3001, 1);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_RECOVERY);
	WIRE_EQ(w, cong(w)->cwnd, 14000 - 3000 + 1000);
	/* The next hole is sent again; nothing else. */
	WIRE_EQ(w, sent(w), 12);
	WIRE_EQ(w, XTCP_SKB_CB(xtcp_queue_oldest(w->side[A].sock->sk))->retransmits, 1);
	ack(w, 3501, 1);
	WIRE_EQ(w, cong(w)->cwnd, 12000 - 500);
}

/* RFC 5681 2: what has text is no duplicate ACK, though there was no room for it. */
static void duplicate_ack__not_with_text(struct kunit *test)
{
	struct wire *w = puppet(test);
	struct sock *sk = w->side[A].sock->sk;
	u64 no_room = wire_counter(XTCP_DROP_NO_ROOM);
	int i;

	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	WRITE_ONCE(sk->sk_rcvbuf, 1);
	for (i = 0; i < 4; i++)
		wire_inject(w, B, XTCP_ACK, .seq = 2001, .ack = 1, .len = 1000);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - no_room, 4);
	WIRE_EQ(w, cong(w)->dupacks, 0);
	WIRE_EQ(w, cong(w)->phase, XTCP_CONG_OPEN);
}

/* --- how much at once --------------------------------------------------------- */

/* RFC 5681 3.1: ten segments are ten segments; what waits is joined. */
static void small_segments__as_many_as_large_ones(struct kunit *test)
{
	struct wire *w = connected(test);
	int i;

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	for (i = 0; i < 2000; i++)
		WIRE_EQ(w, wire_send(w, A, 1), 1);
	wire_run_to_ms(w, 15);
	WIRE_EQ(w, sent(w), 10);
	wire_run_to_ms(w, 200);
	WIRE_EQ(w, wire_recv(w, B, 4000), 2000);
	WIRE_EQ(w, sent(w) <= 14, true);
}

/* And they let cwnd grow, which they filled. */
static void small_segments__fill_the_window(struct kunit *test)
{
	struct wire *w = connected(test);
	int i;

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	for (i = 0; i < 10; i++)
		WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_to_ms(w, 200);
	WIRE_EQ(w, cong(w)->cwnd > 10000, true);
}

/* Beside small ones large ones fill it up by their number, also where they go down as one. */
static void small_segments__beside_large_ones(struct kunit *test)
{
	struct wire *w = puppet(test);
	int i;

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	for (i = 0; i < 5; i++)
		WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_send(w, A, 20000), 20000);
	WIRE_EQ(w, wire_xs(w, A)->snd.segments_out, 10);
	WIRE_EQ(w, flight(w), 5500);
}

/* The send buffer follows cwnd by what segments weigh. */
static void small_segments__send_buffer(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk;

	wire_knob(w, wmem_default, 16384);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_MAXSEG, 100), 0);
	wire_establish(w);
	sk = w->side[A].sock->sk;
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 88);
	wire_transfer(w, A, 20000, 5000);
	/* Of a window on its way, and one that waits. */
	WIRE_EQ(w, sk->sk_sndbuf >= 2 * (cong(w)->cwnd / 88) * SKB_TRUESIZE(256), true);
}

/*
 * RFC 7661: cwnd grows where it was used: all of it, but for less than a segment; in slow
 * start half of it, for that is as much as the ACKs of the last window let go.
 */
static void cwnd__grows_where_it_is_used(struct kunit *test)
{
	static const struct {
		u32 cwnd, ssthresh, out;
		bool grows;
	} rows[] = {
		{ 10000, U32_MAX, 10000, true },
		{ 20000, U32_MAX, 10000, true },
		{ 20000, U32_MAX, 9000, false },
		{ 20000, U32_MAX, 1000, false },
		{ 10000, 10000, 10000, true },
		{ 10500, 5000, 10000, true },
		{ 10500, 5000, 9000, false },
		{ 20000, 5000, 10000, false },
	};
	struct wire *w = puppet(test);
	u32 i, una = 1, before;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		cong(w)->cwnd = rows[i].cwnd;
		cong(w)->ssthresh = rows[i].ssthresh;
		cong(w)->acked = 0;
		WIRE_EQ(w, wire_send(w, A, rows[i].out), rows[i].out);
		WIRE_EQ(w, flight(w), rows[i].out);
		before = cong(w)->cwnd + cong(w)->acked;
		una += rows[i].out;
		ack(w, una, 1);
		if (rows[i].grows != (cong(w)->cwnd + cong(w)->acked > before))
			wire_fail(w, WIRE_HERE, rows[i].grows ? "used, and did not grow" :
								"not used, and grew");
	}
}

/* RFC 5681 3.1: the least windows, a segment and two, are so many of larger ones, too. */
static void mss__grows_after_a_timeout(struct kunit *test)
{
	struct wire *w = connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 112), 0);
	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 500), 500);
	wire_run_to_ms(w, 205);
	WIRE_EQ(w, cong(w)->cwnd, 100);
	WIRE_EQ(w, cong(w)->ssthresh, 250);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 0), 0);
	WIRE_EQ(w, cong(w)->mss, 1000);
	WIRE_EQ(w, cong(w)->cwnd, 1000);
	WIRE_EQ(w, cong(w)->ssthresh, 2000);
}

/* A path that gets narrow while nothing is on its way takes as many segments as before. */
static void mss__shrinks_as_another_learned(struct kunit *test)
{
	struct wire *w = connected(test);

	wire_path(w, 300);
	WIRE_EQ(w, wire_send(w, A, 20000), 20000);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 300);
	WIRE_EQ(w, sent(w), 10);
	WIRE_EQ(w, cong(w)->ssthresh, U32_MAX);
}

/* RFC 6928 2: the second time a SYN is sent again it is the path. */
static void initial_window__syn_lost(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_SYN, 1, 2);
	connected(test);
	WIRE_EQ(w, wire_send(w, A, 20000), 20000);
	wire_run_ms(w, 5);
	WIRE_EQ(w, sent(w), 1);
}

static void initial_window__syn_lost_once(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_SYN, 1, 1);
	connected(test);
	WIRE_EQ(w, wire_send(w, A, 20000), 20000);
	wire_run_ms(w, 5);
	WIRE_EQ(w, sent(w), 10);
}

static void initial_window__syn_ack_lost(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_SYN, 2, WIRE_FOREVER);
	wire_drop(w, B, WIRE_SYN_ACK, 1, 2);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_xs(w, B)->cong.cwnd, 1000);
}

/* RFC 5681 4.1: after silence ten segments at once, not as many as there were. */
static unsigned int sent_after_idle(struct kunit *test)
{
	struct wire *w = connected(test);
	unsigned int before;

	wire_transfer(w, A, 200000, 5000);
	WIRE_EQ(w, cong(w)->cwnd > 30000, true);
	wire_run_ms(w, 1000);
	before = sent(w);
	WIRE_EQ(w, wire_send(w, A, 40000), 40000);
	wire_run_ms(w, 5);
	return sent(w) - before;
}

static void restart__after_idle(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, sent_after_idle(test), 10);
	/* What was known is soon reached again. */
	WIRE_EQ(w, cong(w)->ssthresh >= 20000, true);
}

/* A window that losses made small does not become larger by waiting. */
static void restart__with_a_small_window(struct kunit *test)
{
	struct wire *w = puppet(test);

	cong(w)->cwnd = 3000;
	cong(w)->ssthresh = 2000;
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_send(w, A, 20000), 20000);
	WIRE_EQ(w, sent(w), 3);
	WIRE_EQ(w, cong(w)->ssthresh, 2250);
}

/* Three quarters of what there was are soon reached again, not what a loss long ago left. */
static void restart__ssthresh(struct kunit *test)
{
	struct wire *w = puppet(test);

	cong(w)->cwnd = 40000;
	cong(w)->ssthresh = 5000;
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	WIRE_EQ(w, cong(w)->cwnd, 10000);
	WIRE_EQ(w, cong(w)->ssthresh, 30000);
	/* A larger one stays. */
	ack(w, 1001, 1);
	cong(w)->cwnd = 20000;
	cong(w)->ssthresh = 50000;
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	WIRE_EQ(w, cong(w)->ssthresh, 50000);
}

/* Idle is who sent nothing for an RTO, and has nothing on its way. */
static void restart__not_before_an_rto(struct kunit *test)
{
	struct wire *w = puppet(test);

	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	ack(w, 1001, 1);
	cong(w)->cwnd = 40000;
	wire_run_ms(w, 190);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	WIRE_EQ(w, cong(w)->cwnd, 40000);
	wire_run_ms(w, 190);
	ack(w, 1001, 1);
	WIRE_EQ(w, wire_send(w, A, 30000), 30000);
	WIRE_EQ(w, sent(w), 32);
}

static void restart__off(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, slow_start_after_idle, 0);
	WIRE_EQ(w, sent_after_idle(test) > 30, true);
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

/* One ACK of several: that of the first one took the longest, and that is how long to wait. */
static void rtt__of_the_oldest(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	puppet(test);
	wire_xs(w, A)->rtt.srtt_us = 20000;
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 50);
	ack(w, 2001, 1);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.srtt_us, 1000), (7 * 20 + 100) / 8);
}

/* A segment that is acknowledged in pieces: each tells how long it took. */
static void rtt__of_what_is_left_of_a_segment(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	puppet(test);
	wire_xs(w, A)->rtt.srtt_us = 20000;
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 20);
	ack(w, 501, 1);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.srtt_us, 1000), 20);
	wire_run_ms(w, 80);
	ack(w, 1001, 1);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, A)->rtt.srtt_us, 1000), (7 * 20 + 100) / 8);
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

/* Nor by one that a SYN asked for once more, before our own clock did. */
static void rtt__syn_ack_asked_for_twice(struct kunit *test)
{
	struct wire *w = test->priv;
	struct xtcp_listener *l;

	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_socket(w, A), 0);
	wire_make_own(w, A)->knobs.rto_init_ms = 300;
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 2);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, B)->rtt.srtt_us, 1000), 20);
	/* It was no timeout: as many segments at once as ever. */
	WIRE_EQ(w, wire_xs(w, B)->cong.cwnd, 10000);
	l = rcu_access_pointer(xtcp_sk(w->side[B].listener->sk)->own->listener);
	WIRE_EQ(w, l->patience_ns, 0);
}

/* RFC 6298 5.7 is about timeouts. */
static void rtt__syn_ack_asked_for_twice_without_timestamps(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	wire_twice(w, A, WIRE_SYN, 1);
	connected(test);
	WIRE_EQ(w, wire_xs(w, B)->stats.retrans, 1);
	WIRE_EQ(w, wire_xs(w, B)->rtt.srtt_us, 0);
	WIRE_EQ(w, wire_xs(w, B)->rtt.rto_us, 1000000);
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
	KUNIT_CASE_SLOW(timeout__one_segment),
	KUNIT_CASE_SLOW(timeout__nothing_new_meanwhile),
	KUNIT_CASE_SLOW(timeout__another_halves_again),
	KUNIT_CASE_SLOW(timeout__of_the_same_segment_halves_once),
	KUNIT_CASE_SLOW(timeout__duplicate_acks_of_the_copies),
	KUNIT_CASE_SLOW(timeout__two_gigabytes_later),
	KUNIT_CASE_SLOW(fast_recovery__cwnd),
	KUNIT_CASE_SLOW(fast_recovery__counts_anew),
	KUNIT_CASE_SLOW(fast_recovery__counts_anew_beyond_it),
	KUNIT_CASE_SLOW(fast_recovery__cwnd_is_obeyed_after_it),
	KUNIT_CASE_SLOW(fast_recovery__acks_without_end),
	KUNIT_CASE_SLOW(fast_recovery__path_gets_narrow),
	KUNIT_CASE_SLOW(fast_recovery__timeout),
	KUNIT_CASE_SLOW(fast_recovery__timer_counts_from_there),
	KUNIT_CASE_SLOW(fast_recovery__partial_ack),
	KUNIT_CASE_SLOW(duplicate_ack__not_with_text),
	KUNIT_CASE_SLOW(small_segments__as_many_as_large_ones),
	KUNIT_CASE_SLOW(small_segments__fill_the_window),
	KUNIT_CASE_SLOW(small_segments__beside_large_ones),
	KUNIT_CASE_SLOW(small_segments__send_buffer),
	KUNIT_CASE_SLOW(cwnd__grows_where_it_is_used),
	KUNIT_CASE_SLOW(mss__grows_after_a_timeout),
	KUNIT_CASE_SLOW(mss__shrinks_as_another_learned),
	KUNIT_CASE_SLOW(initial_window__syn_lost),
	KUNIT_CASE_SLOW(initial_window__syn_lost_once),
	KUNIT_CASE_SLOW(initial_window__syn_ack_lost),
	KUNIT_CASE_SLOW(restart__after_idle),
	KUNIT_CASE_SLOW(restart__with_a_small_window),
	KUNIT_CASE_SLOW(restart__ssthresh),
	KUNIT_CASE_SLOW(restart__not_before_an_rto),
	KUNIT_CASE_SLOW(restart__off),
	KUNIT_CASE_SLOW(karn__round_trip_above_rto),
	KUNIT_CASE_SLOW(karn__backoff_is_kept),
	KUNIT_CASE_SLOW(karn__timestamps_end_it),
	KUNIT_CASE_SLOW(rtt__not_by_what_fills_a_hole),
	KUNIT_CASE_SLOW(rtt__of_what_fills_a_hole),
	KUNIT_CASE_SLOW(rtt__of_the_oldest),
	KUNIT_CASE_SLOW(rtt__of_what_is_left_of_a_segment),
	KUNIT_CASE_SLOW(rtt__impossible_echo),
	KUNIT_CASE_SLOW(rtt__syn_ack_sent_twice),
	KUNIT_CASE_SLOW(rtt__syn_ack_sent_twice_without_timestamps),
	KUNIT_CASE_SLOW(rtt__syn_ack_asked_for_twice),
	KUNIT_CASE_SLOW(rtt__syn_ack_asked_for_twice_without_timestamps),
	KUNIT_CASE_SLOW(ack__gap_is_filled),
	KUNIT_CASE_SLOW(ack__gap_is_filled_in_part),
	KUNIT_CASE_SLOW(ack__full_segment_and_a_part),
	{ }
);
