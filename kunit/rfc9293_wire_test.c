// SPDX-License-Identifier: GPL-2.0
/*
 * Requirements of RFC 9293 that no other suite shows, as ladders. Which case
 * shows which requirement is said in rfc9293.md.
 */

#include <linux/tcp.h>
#include "wire.h"

/* Without window scaling and timestamps: numbers as on the wire. */
static struct wire *connected_plainly(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, window_scaling, 0);
	wire_knob(w, timestamps, 0);
	return wire_connected(test);
}

/* Nothing of the real B arrives: the test answers in its place. */
static struct wire *mute_b(struct kunit *test)
{
	struct wire *w = connected_plainly(test);

	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	return w;
}

/* --- 3.1: options ----------------------------------------------------------- */

/* MUST-5, MUST-6: one that nobody knows, in segments of every kind. */
#define UNKNOWN_OPTION .opt_len = 4, .opt = { 254, 4, 0x12, 0x34 }

static void options__in_any_segment(struct kunit *test)
{
	struct wire *w = connected_plainly(test);

	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_QUICKACK, 1), 0);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 101, UNKNOWN_OPTION);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 101, .len = 10, UNKNOWN_OPTION);
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = 11, .ack = 101, UNKNOWN_OPTION);
	wire_inject(w, A, XTCP_RST, .seq = 12, UNKNOWN_OPTION);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_una, wire_xs(w, B)->tcb.iss + 101);
	WIRE_EQ(w, wire_recv(w, B, 100), 10);
	WIRE_EXPECT(w,
		    "0.000 x <- P. 1:101 ack 1   <- ESTABLISHED\n"
		    "0.000 * -> . 1 ack 101      -> ESTABLISHED\n"
		    "0.000 * -> . 1:11 ack 101   -> ESTABLISHED\n"
		    "0.000 x <- . 101 ack 11     <- ESTABLISHED\n"
		    "0.000 * -> F. 11 ack 101    -> CLOSE_WAIT\n"
		    "0.000 x <- . 101 ack 12     <- CLOSE_WAIT\n"
		    "0.000 * -> R 12             -> CLOSED\n");
}

static void options__in_syn_and_syn_ack(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, timestamps, 0);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN, UNKNOWN_OPTION);
	WIRE_STATE(w, B, SYN_RCVD);
	wire_unlisten(w, B);
	wire_pass_all(w);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_inject(w, B, XTCP_SYN | XTCP_ACK, .ack = 1, UNKNOWN_OPTION);
	WIRE_STATE(w, A, ESTABLISHED);
}

/* SHLD-5, MAY-3: also where it says no more than its absence would. */
static void mss_option__though_it_is_the_default(struct kunit *test)
{
	struct wire *w = test->priv;
	u16 size = wire_is_ipv6(w) ? 1220 : 536;
	struct wire_segment *seg;
	unsigned int n = 0;

	wire_path(w, 1300);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_MAXSEG, size), 0);
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, size), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	list_for_each_entry(seg, &w->segments, link) {
		WIRE_EQ(w, seg->mss, seg->ctl & XTCP_SYN ? size : 0);
		n++;
	}
	WIRE_EQ(w, n, 3);
}

/*
 * MUST-16: IP options are part of what the peer's MSS does not count. Four NOPs;
 * with IPv6 eight octets of destination options, which hold padding.
 */
static int set_ip_options(struct wire *w)
{
	static const u8 nops[] = { 1, 1, 1, 1 }, padding[] = { 0, 0, 1, 4, 0, 0, 0, 0 };

	if (wire_is_ipv6(w))
		return do_sock_setsockopt(w->side[A].sock, false, SOL_IPV6, IPV6_DSTOPTS,
					  KERNEL_SOCKPTR((void *)padding), sizeof(padding));
	return do_sock_setsockopt(w->side[A].sock, false, SOL_IP, IP_OPTIONS,
				  KERNEL_SOCKPTR((void *)nops), sizeof(nops));
}

static void mss__leaves_room_for_ip_options(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int options = wire_is_ipv6(w) ? 8 : 4;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_MAXSEG, 500), 0);
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, set_ip_options(w), 0);
	wire_connected(test);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 500 - XTCP_OLEN_TS_ALIGNED - options);
}

/* --- 3.5.3: RST --------------------------------------------------------------- */

/* SHLD-2: it may say why, in text. */
static void rst__with_text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_inject(w, A, XTCP_RST, .seq = 1, .len = 10);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
	WIRE_EQ(w, wire_recv(w, B, 10), 0);
	WIRE_EXPECT(w, "0.000 * -> R 1:11 -> CLOSED\n");
}

/* --- 3.8.3: a path, or a peer, that fails --------------------------------------------- */

static struct wire *trouble(struct kunit *test, bool asked)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_is_ipv6(w) ? wire_option(w, A, SOL_IPV6, IPV6_RECVERR, asked) :
				     wire_option(w, A, SOL_IP, IP_RECVERR, asked), 0);
	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_to_ms(w, 2900);	/* sent again at 0.2, 0.6, 1.4 s */
	WIRE_EQ(w, wire_error(w, A), 0);
	wire_run_to_ms(w, 3100);
	return w;
}

/* SHLD-9: at R1 the user hears of it, long before R2; and the text gets through. */
static void r1__user_is_told(struct kunit *test)
{
	struct wire *w = trouble(test, true);

	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_to_ms(w, 13000);	/* at 6.2 and 12.6 s, too: that is no news */
	WIRE_EQ(w, wire_error(w, A), 0);
	wire_pass_all(w);
	wire_run_to_ms(w, 30000);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* SHLD-20: who did not ask is not told. */
static void r1__user_is_not_told(struct kunit *test)
{
	struct wire *w = trouble(test, false);

	WIRE_EQ(w, wire_error(w, A), 0);
	WIRE_STATE(w, A, ESTABLISHED);
}

/* MUST-22: SYNs, too, make IP doubt the route at R1. */
static void r1__of_a_syn(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *syn;
	struct sock *sk;
	u16 mss;

	wire_knob(w, retries1, 2);
	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	mss = list_first_entry(&w->segments, struct wire_segment, link)->mss;
	sk = &wire_xs(w, A)->inet.sk;
	sk->sk_route_caps = 0;		/* what the device can comes with a route */
	wire_run_to_ms(w, 3500);	/* sent again at 1 and 3 s */
	WIRE_EQ(w, sk->sk_route_caps != 0, wire_hash_routes(w));
	wire_run_to_ms(w, 7500);
	WIRE_EQ(w, sk->sk_route_caps != 0, true);
	/* It says what the new route takes. */
	list_for_each_entry(syn, &w->segments, link)
		WIRE_EQ(w, syn->mss, mss);
}

/* --- 3.8.4: keepalive ----------------------------------------------------------- */

static struct wire *kept_alive(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, keepalive_time_ms, 10000);
	wire_knob(w, keepalive_intvl_ms, 1000);
	wire_knob(w, keepalive_probes, 3);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_epoch(w);
	return w;
}

/* MUST-26: whatever the peer sends puts the first probe off. */
static void keepalive__only_when_idle(struct kunit *test)
{
	struct wire *w = kept_alive(test);

	wire_run_to_ms(w, 8000);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_to_ms(w, 19000);
	WIRE_EXPECT(w,
		    "8.000 ESTABLISHED  -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "8.010 ESTABLISHED  <- . 1 ack 101    <- ESTABLISHED\n"
		    "18.010 ESTABLISHED <- . 0 ack 101    <- ESTABLISHED\n"
		    "18.020 ESTABLISHED -> . 101 ack 1    -> ESTABLISHED\n");
}

/* MUST-29: some answers are lost, the peer is not. */
static void keepalive__lost_answers(struct kunit *test)
{
	struct wire *w = kept_alive(test);

	wire_drop(w, A, WIRE_ANY, 1, 2);
	wire_run_to_ms(w, 14000);
	WIRE_EXPECT(w,
		    "10.000 ESTABLISHED <- . 0 ack 1 <- ESTABLISHED\n"
		    "10.010 ESTABLISHED -> . 1 ack 1 -> x\n"
		    "11.000 ESTABLISHED <- . 0 ack 1 <- ESTABLISHED\n"
		    "11.010 ESTABLISHED -> . 1 ack 1 -> x\n"
		    "12.000 ESTABLISHED <- . 0 ack 1 <- ESTABLISHED\n"
		    "12.010 ESTABLISHED -> . 1 ack 1 -> ESTABLISHED\n");
}

/* --- 3.8.6: windows --------------------------------------------------------------- */

/*
 * The window gets smaller than what is under way: no new text (SHLD-15), what
 * was lost is sent again (SHLD-16), even from beyond the edge (MAY-7); and when
 * there is room all goes on (MUST-34).
 */
static void window__taken_back(struct kunit *test)
{
	struct wire *w = mute_b(test);

	wire_drop(w, A, WIRE_DATA, 1, 3);
	WIRE_EQ(w, wire_send(w, A, 3036), 3036);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 1500);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_to_ms(w, 250);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1013, .wnd = 488);
	wire_run_to_ms(w, 300);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 3037);
	wire_run_to_ms(w, 350);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1013 ack 1     -> x\n"
		    "0.000 ESTABLISHED -> . 1013:2025 ack 1  -> x\n"
		    "0.000 ESTABLISHED -> P. 2025:3037 ack 1 -> x\n"
		    "0.000 ESTABLISHED <- . 1 ack 1          <- *\n"
		    "0.200 ESTABLISHED -> . 1:1013 ack 1     -> ESTABLISHED\n"
		    "0.210 x           <- . 1 ack 1013       <- ESTABLISHED\n"
		    "0.250 ESTABLISHED <- . 1 ack 1013       <- *\n"
		    "0.250 ESTABLISHED -> . 1013:2025 ack 1  -> ESTABLISHED\n"
		    "0.250 ESTABLISHED -> P. 2025:3037 ack 1 -> ESTABLISHED\n"
		    "0.260 x           <- . 1 ack 2025       <- ESTABLISHED\n"
		    "0.260 x           <- . 1 ack 3037       <- ESTABLISHED\n"
		    "0.300 ESTABLISHED <- . 1 ack 3037       <- *\n"
		    "0.300 ESTABLISHED -> P. 3037:4037 ack 1 -> ESTABLISHED\n"
		    "0.310 x           <- . 1 ack 4037       <- ESTABLISHED\n");
}

/* The peer has room for nothing, and says so whenever it is asked. */
static void answer_with_window_0(struct wire *w, unsigned int until_ms)
{
	unsigned int asked = wire_count(w, A, WIRE_DATA), now;

	while (wire_now_us(w) < until_ms * USEC_PER_MSEC) {
		wire_run_ms(w, 20);
		now = wire_count(w, A, WIRE_DATA);
		if (now != asked)
			wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
		asked = now;
	}
}

/* Nothing of B is real: the text that A has under way is lost, and what follows. */
static struct wire *window_0_before_text(struct kunit *test)
{
	struct wire *w = mute_b(test);

	wire_knob(w, retries2, 3);
	wire_knob(w, rto_max_ms, 1000);
	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	return w;
}

/* SHLD-17, MUST-35: what is sent again is the probe; who answers is not dead. */
static void window__taken_back_wholly(struct kunit *test)
{
	struct wire *w = window_0_before_text(test);

	answer_with_window_0(w, 60000);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA) > 60, true);
	WIRE_EQ(w, wire_xs(w, A)->stats.rto_recoveries, 1);
	wire_pass_all(w);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	wire_run_ms(w, 1100);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1000);
}

/* But who does not answer is: after R2, counted from the last answer. */
static void window__taken_back_by_the_dead(struct kunit *test)
{
	struct wire *w = window_0_before_text(test);

	answer_with_window_0(w, 10000);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 5000);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
}

/* Nor for ever, where no one is left on our side who waits for it. */
static void window__taken_back_from_an_orphan(struct kunit *test)
{
	struct wire *w = window_0_before_text(test);

	wire_knob(w, orphan_retries, 3);
	wire_release(w, A);
	answer_with_window_0(w, 10000);
	WIRE_STATE(w, A, CLOSED);
}

/* The receiver's buffer is full, its window shut, and more waits at the sender. */
static struct wire *window_shut(struct kunit *test)
{
	struct wire *w = test->priv;
	int n;

	wire_knob(w, window_scaling, 0);
	wire_knob(w, delack_ms, 1);
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
	return w;
}

/* MUST-37: for ever, as long as there are answers; MAY-8 is the other side of it. */
static void window_shut__while_probes_are_answered(struct kunit *test)
{
	struct wire *w = window_shut(test);

	wire_knob(w, retries2, 3);
	wire_knob(w, rto_max_ms, 1000);
	wire_run_ms(w, 120000);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK) > 100, true);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd, 0);
}

/* MUST-66: RST counts though there is no room for anything else. */
static void window_shut__rst(struct kunit *test)
{
	struct wire *w = window_shut(test);
	u32 seq = wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs;

	wire_inject(w, A, XTCP_RST, .seq = seq);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
}

/* --- 3.8.6.2: silly windows --------------------------------------------------------- */

/*
 * MUST-38: less than a segment, and than half of the largest window there was,
 * is not worth sending, until it has been so for a timeout.
 */
static void silly_window__of_the_peer(struct kunit *test)
{
	struct wire *w = mute_b(test);

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 300);
	WIRE_EQ(w, wire_send(w, A, 2024), 2024);
	wire_run_to_ms(w, 100);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 600);
	wire_run_to_ms(w, 250);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED <- . 1 ack 1       <- *\n"
		    "0.100 ESTABLISHED <- . 1 ack 1       <- *\n");
	wire_run_to_ms(w, 350);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 601);
	wire_run_to_ms(w, 355);
	WIRE_EXPECT(w,
		    "0.300 ESTABLISHED -> . 1:601 ack 1      -> ESTABLISHED\n"
		    "0.310 x           <- . 1 ack 601        <- ESTABLISHED\n"
		    "0.350 ESTABLISHED <- . 1 ack 601        <- *\n"
		    "0.350 ESTABLISHED -> . 601:1613 ack 1   -> ...\n"
		    "0.350 ESTABLISHED -> P. 1613:2025 ack 1 -> ...\n");
}

/* MUST-39: who reads octet by octet opens the window a segment at a time. */
static void silly_window__of_our_own(struct kunit *test)
{
	struct wire *w = window_shut(test);
	struct wire_segment *seg;
	u32 edge = 0, right;
	unsigned int i, moves = 0;

	for (i = 0; i < 20000 && wire_recv(w, B, 1) == 1; i++)
		if (i % 100 == 0) {
			wire_run_ms(w, 20);
			wire_send(w, A, 1000);
		}
	list_for_each_entry(seg, &w->segments, link) {
		if (seg->from != B || seg->sent_ns < w->epoch_ns)
			continue;
		right = seg->ack_rel + seg->wnd;
		if (edge && right != edge) {
			WIRE_EQ(w, right - edge >= WIRE_TEXT, true);
			moves++;
		}
		edge = right;
	}
	WIRE_EQ(w, moves > 2, true);
}

/* --- 3.9.1.2: SEND ---------------------------------------------------------------------- */

/* MUST-60: even what the user holds back goes out in the end, and pushed (MUST-61). */
static void cork__is_not_for_ever(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 600), 600);
	wire_run_to_ms(w, 250);
	WIRE_EXPECT(w,
		    "0.200 ESTABLISHED -> P. 1:601 ack 1 -> ESTABLISHED\n"
		    "0.210 ESTABLISHED <- . 1 ack 601    <- ESTABLISHED\n");
}

/* --- 3.10.7.4: ACKs ------------------------------------------------------------------- */

/* MUST-58, MUST-59: five segments wait for the user to let go of the socket. */
static void ack__one_for_all_that_waited(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *b = w->side[B].sock->sk;

	WIRE_EQ(w, wire_send(w, A, 5 * WIRE_TEXT), 5 * WIRE_TEXT);
	lock_sock(b);		/* before they arrive; not both locks at once */
	wire_run_ms(w, 50);
	release_sock(b);
	wire_run_ms(w, 200);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:1001 ack 1     -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 1001:2001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 2001:3001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 3001:4001 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 4001:5001 ack 1 -> ESTABLISHED\n"
		    "0.050 ESTABLISHED <- . 1 ack 5001       <- ESTABLISHED\n");
}

/* --- 3.9.1.1: OPEN -------------------------------------------------------------------- */

/* MUST-42: LISTEN while the same local port is SYN_SENT, and SYN_RCVD. */
static void listen__beside_one_that_opens(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_ACK, 1, WIRE_FOREVER);
	wire_drop(w, A, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	WIRE_STATE(w, B, SYN_SENT);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_unlisten(w, B);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_STATE(w, B, SYN_RCVD);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_pass_all(w);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 3000);
	WIRE_STATE(w, B, ESTABLISHED);
}

WIRE_SUITES(xtcp_rfc9293_wire,
	KUNIT_CASE_SLOW(options__in_any_segment),
	KUNIT_CASE_SLOW(options__in_syn_and_syn_ack),
	KUNIT_CASE_SLOW(mss_option__though_it_is_the_default),
	KUNIT_CASE_SLOW(mss__leaves_room_for_ip_options),
	KUNIT_CASE_SLOW(rst__with_text),
	KUNIT_CASE_SLOW(r1__user_is_told),
	KUNIT_CASE_SLOW(r1__user_is_not_told),
	KUNIT_CASE_SLOW(r1__of_a_syn),
	KUNIT_CASE_SLOW(keepalive__only_when_idle),
	KUNIT_CASE_SLOW(keepalive__lost_answers),
	KUNIT_CASE_SLOW(window__taken_back),
	KUNIT_CASE_SLOW(window__taken_back_wholly),
	KUNIT_CASE_SLOW(window__taken_back_by_the_dead),
	KUNIT_CASE_SLOW(window__taken_back_from_an_orphan),
	KUNIT_CASE_SLOW(window_shut__while_probes_are_answered),
	KUNIT_CASE_SLOW(window_shut__rst),
	KUNIT_CASE_SLOW(silly_window__of_the_peer),
	KUNIT_CASE_SLOW(silly_window__of_our_own),
	KUNIT_CASE_SLOW(cork__is_not_for_ever),
	KUNIT_CASE_SLOW(ack__one_for_all_that_waited),
	KUNIT_CASE_SLOW(listen__beside_one_that_opens),
	{ }
);
