// SPDX-License-Identifier: GPL-2.0
/*
 * How large segments are: what they depend on changes during a connection, and so do
 * they. module/engine/output.c, receive.c.
 */

#include <linux/tcp.h>
#include <xtcp/mss.h>
#include <xtcp/output.h>
#include "../wire.h"

enum {
	TIMESTAMPS = 12,	/* octets of each segment */
};

/* The largest that A sent since the epoch. */
static unsigned int largest(struct wire *w)
{
	struct wire_segment *seg;
	unsigned int len = 0;

	list_for_each_entry(seg, &w->segments, link)
		if (seg->from == A && seg->sent_ns >= w->epoch_ns)
			len = max_t(unsigned int, len, seg->len);
	return len;
}

/* @n octets of A's arrive; in segments of up to how many? */
static unsigned int size_of(struct wire *w, unsigned int n)
{
	wire_run_ms(w, 100);
	wire_epoch(w);
	wire_transfer(w, A, n, 2000);
	return largest(w);
}

/* Half of a small window, until a larger one is seen. */
static void mss__small_first_window(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int half;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 1), 0);
	wire_connected(test);
	half = wire_xs(w, A)->tcb.snd_wnd_max / 2;
	WIRE_EQ(w, half < WIRE_TEXT, true);
	WIRE_EQ(w, size_of(w, 500), min(half, 500U));
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 100000), 0);
	wire_transfer(w, A, 500, 2000);
	WIRE_EQ(w, size_of(w, 20000), WIRE_TEXT);
}

/* The administrator lets no one be made to send smaller ones. */
/* Half of the largest window, so that two fit; of a tiny one all, for half is smaller still. */
static void mss__of_tiny_windows(struct kunit *test)
{
	static const u32 rows[][2] = {
		{ 20, XTCP_MSS_MIN }, { 200, 200 }, { 535, 535 }, { 536, 536 }, { 537, 268 },
		{ 1000, 500 }, { 2 * WIRE_TEXT, WIRE_TEXT }, { 65535, WIRE_TEXT },
	};
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[A].sock->sk;
	struct xtcp_sock *xs = xtcp_sk(sk);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		lock_sock(sk);
		xs->tcb.snd_wnd_max = rows[i][0];
		xtcp_mss_sync(sk, xs->snd.pmtu);
		release_sock(sk);
		WIRE_EQ(w, xs->snd.mss, rows[i][1]);
		WIRE_EQ(w, xs->cong.mss, rows[i][1]);
	}
}

static void mss__min_snd_mss(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_MAXSEG, 100), 0);
	wire_connected(test);
	WIRE_EQ(w, size_of(w, 2000), 100 - TIMESTAMPS);
	wire_knob(w, min_snd_mss, 600);
	WIRE_EQ(w, size_of(w, 2000), 600 - TIMESTAMPS);
	wire_knob(w, min_snd_mss, 48);
	WIRE_EQ(w, size_of(w, 2000), 100 - TIMESTAMPS);
}

static void mss__tcp_maxseg_later(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, size_of(w, 2000), WIRE_TEXT);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 300), 0);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 300 - TIMESTAMPS);
	WIRE_EQ(w, size_of(w, 2000), 300 - TIMESTAMPS);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 0), 0);
	WIRE_EQ(w, size_of(w, 2000), WIRE_TEXT);
}

/* Options of the IP header, which begin in the middle. */
static void mss__ip_options_later(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	if (wire_is_ipv6(w))
		kunit_skip(test, "IPv4 has them");
	WIRE_EQ(w, size_of(w, 2000), WIRE_TEXT);
	WIRE_EQ(w, wire_option(w, A, SOL_IP, IP_OPTIONS, 0x01010101), 0);	/* four NOPs */
	WIRE_EQ(w, size_of(w, 2000), WIRE_TEXT - 4);
}

/* What a receiver takes for a full segment, of which each second one is acknowledged at once. */
static void rcv_mss__shrinks_with_the_path(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_transfer(w, A, 20000, 2000);
	WIRE_EQ(w, wire_xs(w, B)->rcv.mss, WIRE_TEXT);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 400 + TIMESTAMPS), 0);
	wire_transfer(w, A, 2000, 2000);
	WIRE_EQ(w, wire_xs(w, B)->rcv.mss, 400);
	wire_xs(w, B)->rcv.quick_acks = 0;
	wire_run_ms(w, 100);
	wire_epoch(w);
	WIRE_EQ(w, wire_send(w, A, 800), 800);
	wire_run_ms(w, 30);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 22001:22401 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 22401:22801 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 22801        <- ESTABLISHED\n");
}

/* Messages of one length are no full segments. */
static void rcv_mss__not_by_small_messages(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	unsigned int i;

	wire_transfer(w, A, 20000, 2000);
	for (i = 0; i < 5; i++)
		wire_transfer(w, A, 100, 2000);
	WIRE_EQ(w, wire_xs(w, B)->rcv.mss, WIRE_TEXT);
}

WIRE_SUITES(xtcp_segment_size_wire,
	    KUNIT_CASE_SLOW(mss__small_first_window),
	    KUNIT_CASE_SLOW(mss__of_tiny_windows),
	    KUNIT_CASE_SLOW(mss__min_snd_mss),
	    KUNIT_CASE_SLOW(mss__tcp_maxseg_later),
	    KUNIT_CASE_SLOW(mss__ip_options_later),
	    KUNIT_CASE_SLOW(rcv_mss__shrinks_with_the_path),
	    KUNIT_CASE_SLOW(rcv_mss__not_by_small_messages),
	    { });
