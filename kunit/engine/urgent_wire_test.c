// SPDX-License-Identifier: GPL-2.0
/* Urgent text as ladders: RFC 9293 section 3.8.5 and RFC 6093. */

#include <asm/ioctls.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include "../wire.h"

static int send_urgent(struct wire *w, enum wire_end end, unsigned int n)
{
	return wire_send_flags(w, end, n, MSG_OOB);
}

/* recv(MSG_OOB): the octet or -errno. */
static int recv_urgent(struct wire *w, enum wire_end end)
{
	struct msghdr msg = { };
	u8 octet = 0;
	struct kvec vec = { .iov_base = &octet, .iov_len = 1 };
	int ret = kernel_recvmsg(w->side[end].sock, &msg, &vec, 1, 1, MSG_OOB);

	return ret == 1 ? octet : ret;
}

/* What recv_urgent() should give: octet @offset of the pattern A sends. */
static int octet_from_a(unsigned int offset)
{
	return (u8)(offset * 7 + (offset >> 8) * 13);
}

static void read_mark(struct wire *w, enum wire_end end)
{
	WIRE_EQ(w, wire_xs(w, end)->rcv.copied_seq, wire_xs(w, end)->tcb.rcv_up - 1);
	/* The pattern of wire_recv() counts it, the stream does not. */
	w->side[end].received++;
}

/* --- sending -------------------------------------------------------------- */

/* The pointer points behind the urgent octet (RFC 6093 section 3.1). */
static void urgent__bit_and_pointer(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, send_urgent(w, A, 3), 3);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> PU. 1:4 ack 1 up 3 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 4          <- ESTABLISHED\n");
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(2));
	WIRE_EQ(w, recv_urgent(w, B), -EINVAL);
	WIRE_EQ(w, wire_recv(w, B, 100), 2);
	read_mark(w, B);
}

/* RFC 9293 MUST-31: of any length; each segment points at the end of it. */
static void urgent__every_segment_points(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, send_urgent(w, A, 3500), 3500);
	wire_run_ms(w, 5);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> U. 1:1001 ack 1 up 3500    -> ...\n"
		    "0.000 ESTABLISHED -> U. 1001:2001 ack 1 up 2500 -> ...\n"
		    "0.000 ESTABLISHED -> U. 2001:3001 ack 1 up 1500 -> ...\n"
		    "0.000 ESTABLISHED -> PU. 3001:3501 ack 1 up 500 -> ...\n");
	wire_run_ms(w, 100);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(3499));
	WIRE_EQ(w, wire_recv(w, B, 65536), 3499);
}

/* Acknowledged, it is over; what is behind it is not urgent. */
static void urgent__ends(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, send_urgent(w, A, 10), 10);
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> PU. 1:11 ack 1 up 10 -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 11:1011 ack 1     -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 11           <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1011         <- ESTABLISHED\n"
		    "0.050 ESTABLISHED -> P. 1011:1021 ack 1   -> ESTABLISHED\n"
		    "0.060 ESTABLISHED <- . 1 ack 1021         <- ESTABLISHED\n");
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_urgent, false);
}

/* Nagle does not hold it, nor what is written behind it; TCP_CORK neither. */
static void urgent__pushes(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 5);
	WIRE_EQ(w, send_urgent(w, A, 1), 1);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 0), 0);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.005 ESTABLISHED -> PU. 1:12 ack 1 up 11 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED -> P. 12:22 ack 1       -> ESTABLISHED\n"
		    "0.015 ESTABLISHED <- . 1 ack 12           <- ESTABLISHED\n"
		    "0.020 ESTABLISHED <- . 1 ack 22           <- ESTABLISHED\n");
}

/* Sent again, it is urgent still; so is ordinary text in front of it by now. */
static void urgent__retransmitted(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 2);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, send_urgent(w, A, 1), 1);
	wire_run_ms(w, 300);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "0.000 ESTABLISHED -> PU. 101:102 ack 1 up 1 -> x\n"
		    "0.200 ESTABLISHED -> PU. 1:101 ack 1 up 101 -> ESTABLISHED\n"
		    "0.210 ESTABLISHED <- . 1 ack 101 <- ESTABLISHED\n"
		    "0.220 ESTABLISHED -> PU. 101:102 ack 1 up 1 -> ESTABLISHED\n"
		    "0.230 ESTABLISHED <- . 1 ack 102 <- ESTABLISHED\n");
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(100));
}

/* RFC 9293 SND.UP: the later one counts, and the peer keeps only that. */
static void urgent__again(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, send_urgent(w, A, 3), 3);
	WIRE_EQ(w, send_urgent(w, A, 3), 3);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> PU. 1:4 ack 1 up 3 -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> PU. 4:7 ack 1 up 3 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 4          <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 7          <- ESTABLISHED\n");
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(5));
	WIRE_EQ(w, wire_recv(w, B, 100), 5);
	read_mark(w, B);
}

/* The FIN behind it is not urgent any more. */
static void urgent__then_fin(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, send_urgent(w, A, 3), 3);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> PU. 1:4 ack 1 up 3 -> ESTABLISHED\n"
		    "0.000 FIN_WAIT_1  -> F. 4 ack 1         -> CLOSE_WAIT\n"
		    "0.010 FIN_WAIT_1  <- . 1 ack 4          <- ESTABLISHED\n"
		    "0.010 FIN_WAIT_2  <- . 1 ack 5          <- CLOSE_WAIT\n");
	WIRE_EQ(w, wire_recv(w, B, 100), 2);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(2));
	WIRE_EQ(w, wire_recv(w, B, 100), 0);
}

/* --- the window ----------------------------------------------------------- */

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
	wire_epoch(w);
	/* 0.000 is when the ACK with the shut window arrived. */
	last = list_last_entry(&w->segments, struct wire_segment, link);
	WIRE_EQ(w, last->from, B);
	w->epoch_ns = last->sent_ns + last->delay_ns;
	return w;
}

static u32 unsent(struct wire *w, enum wire_end end)
{
	return wire_xs(w, end)->snd.write_seq - wire_xs(w, end)->tcb.snd_nxt;
}

/*
 * RFC 9293 3.8.6.1: the peer learns of urgent text though it takes none. The
 * probe of old is not acceptable to it; so one goes before it that is.
 */
static void urgent__window_is_shut(struct kunit *test)
{
	struct wire *w = window_shut(test);
	unsigned int i;

	WIRE_EQ(w, send_urgent(w, A, 500), 500);
	wire_run_to_ms(w, 199);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), 1);	/* of the handshake */
	WIRE_EQ(w, recv_urgent(w, B), -EINVAL);
	wire_run_to_ms(w, 215);
	WIRE_EQ(w, wire_count(w, A, WIRE_ACK), 3);
	WIRE_EQ(w, recv_urgent(w, B), -EAGAIN);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_up - wire_xs(w, B)->tcb.rcv_nxt,
		unsent(w, A));
	/* The user reads on as ever. */
	for (i = 0; i < 20; i++) {
		while (w->side[B].received < w->side[A].sent - 1 &&
		       wire_recv(w, B, 65536) > 0)
			;
		wire_run_ms(w, 30);
	}
	WIRE_EQ(w, w->side[B].received, w->side[A].sent - 1);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(w->side[A].sent - 1));
}

/* An ACK, too: it says what the text that cannot go out would say. */
static void urgent__ack_points(struct kunit *test)
{
	struct wire *w = window_shut(test);
	u32 nxt;

	WIRE_EQ(w, send_urgent(w, A, 500), 500);
	nxt = wire_xs(w, B)->tcb.rcv_nxt;
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, recv_urgent(w, B), -EAGAIN);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_up, nxt + unsent(w, A));
}

/* Lots of window, so that the pointer does not reach. */
static struct wire *large_window(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, initial_cwnd, 150);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 1 << 20), 0);
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 1 << 20), 0);
	wire_connected(test);
	/* More than the 65535 octets that a SYN can announce. */
	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 65536), 1000);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd > 101000, true);
	wire_epoch(w);
	return w;
}

/* Each segment points as far as it can; the one with the octet points at it. */
static void urgent__beyond_the_pointer(struct kunit *test)
{
	struct wire *w = large_window(test);
	struct wire_segment *seg;
	unsigned int n = 0;

	WIRE_EQ(w, send_urgent(w, A, 100000), 100000);
	wire_run_ms(w, 5);
	list_for_each_entry(seg, &w->segments, link) {
		if (seg->seq_rel < 1001 || seg->from != A)
			continue;
		WIRE_EQ(w, seg->ctl & XTCP_URG, XTCP_URG);
		WIRE_EQ(w, seg->up, min(101001 - seg->seq_rel, U16_MAX));
		n++;
	}
	WIRE_EQ(w, n, 100);
	wire_run_ms(w, 200);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(100999));
	WIRE_EQ(w, wire_recv(w, B, 1 << 20), 99999);
}

/* Where it does not reach it must not name text that was sent: none is better. */
static void urgent__retransmitted_far_behind(struct kunit *test)
{
	struct wire *w = large_window(test);
	struct wire_segment *seg;
	unsigned int n = 0;

	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100000), 100000);
	WIRE_EQ(w, send_urgent(w, A, 1), 1);
	wire_run_ms(w, 100);
	list_for_each_entry(seg, &w->segments, link) {
		if (seg->seq_rel != 1001 || seg->from != A)
			continue;
		WIRE_EQ(w, seg->ctl & XTCP_URG, 0);
		n++;
	}
	WIRE_EQ(w, n, 2);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_urgent, false);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(101000));
	WIRE_EQ(w, wire_recv(w, B, 1 << 20), 100000);
}

/* Sent again many segments at a time it would be one pointer for all of them. */
static void urgent__retransmitted_large(struct kunit *test)
{
	struct wire *w = large_window(test);
	struct wire_segment *seg;
	unsigned int n = 0;

	wire_drop(w, A, WIRE_DATA, 1, 11);
	WIRE_EQ(w, wire_send(w, A, 10000), 10000);
	WIRE_EQ(w, send_urgent(w, A, 1), 1);
	wire_run_ms(w, 1000);
	list_for_each_entry(seg, &w->segments, link) {
		if (seg->from != A || !(seg->ctl & XTCP_URG))
			continue;
		WIRE_EQ(w, seg->up, 11002 - seg->seq_rel);
		n++;
	}
	WIRE_EQ(w, n, 12);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(11000));
	WIRE_EQ(w, wire_recv(w, B, 65536), 10000);
}

/* --- receiving ------------------------------------------------------------ */

#define PUA (XTCP_PSH | XTCP_URG | XTCP_ACK)

/* Announced by an empty segment: MUST-32, before the octet is here. */
static void urgent__announced_then_here(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, XTCP_URG | XTCP_ACK, .seq = 1, .ack = 1, .up = 5);
	WIRE_EQ(w, recv_urgent(w, B), -EAGAIN);
	wire_inject(w, A, XTCP_PSH | XTCP_ACK, .seq = 1, .ack = 1, .len = 4);
	WIRE_EQ(w, recv_urgent(w, B), -EAGAIN);
	WIRE_EQ(w, wire_recv(w, B, 100), 4);
	/* The segment need not say it again. */
	wire_inject(w, A, XTCP_PSH | XTCP_ACK, .seq = 5, .ack = 1, .len = 3);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(4));
	read_mark(w, B);
	WIRE_EQ(w, wire_recv(w, B, 100), 2);
}

/* The mark moves on before its octet came: that is an octet like any other then. */
static void urgent__mark_moves_on_before_its_octet(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, XTCP_URG | XTCP_ACK, .seq = 1, .ack = 1, .up = 5);
	wire_inject(w, A, XTCP_PSH | XTCP_ACK, .seq = 1, .ack = 1, .len = 4);
	WIRE_EQ(w, wire_recv(w, B, 100), 4);
	wire_inject(w, A, XTCP_URG | XTCP_ACK, .seq = 5, .ack = 1, .up = 6);
	wire_inject(w, A, XTCP_PSH | XTCP_ACK, .seq = 5, .ack = 1, .len = 6);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(9));
	WIRE_EQ(w, wire_recv(w, B, 100), 5);
}

/* Who reads it inline reads each, also when he stood before one as the mark moved on. */
static void urgent__mark_moves_on_inline(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_OOBINLINE, 1), 0);
	wire_inject(w, A, PUA, .seq = 1, .ack = 1, .len = 5, .up = 5);
	WIRE_EQ(w, wire_recv(w, B, 100), 4);
	wire_inject(w, A, PUA, .seq = 6, .ack = 1, .len = 5, .up = 5);
	WIRE_EQ(w, wire_recv(w, B, 100), 5);
	WIRE_EQ(w, wire_recv(w, B, 100), 1);
}

static unsigned int woken;

static void count_woken(struct sock *sk)
{
	woken++;
}

/* Who waits for it is woken when it is here, in order or not, and though he wants much text. */
static void urgent__wakes(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct sock *sk = w->side[B].sock->sk;
	void (*ready)(struct sock *sk) = sk->sk_data_ready;

	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVLOWAT, 1000), 0);
	woken = 0;
	WRITE_ONCE(sk->sk_data_ready, count_woken);
	wire_inject(w, A, XTCP_PSH | XTCP_ACK, .seq = 1, .ack = 1, .len = 10);
	WIRE_EQ(w, woken, 0);
	wire_inject(w, A, PUA, .seq = 11, .ack = 1, .len = 10, .up = 10);
	WIRE_EQ(w, woken, 1);
	wire_inject(w, A, PUA, .seq = 101, .ack = 1, .len = 10, .up = 10);
	WIRE_EQ(w, woken, 2);
	/* Once: the same again brings nothing. */
	wire_inject(w, A, PUA, .seq = 101, .ack = 1, .len = 10, .up = 10);
	WIRE_EQ(w, woken, 2);
	WRITE_ONCE(sk->sk_data_ready, ready);
}

/* The octet is here before the text in front of it. */
static void urgent__out_of_order(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, PUA, .seq = 101, .ack = 1, .len = 10, .up = 10);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(109));
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	wire_inject(w, A, XTCP_PSH | XTCP_ACK, .seq = 1, .ack = 1, .len = 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 109);
	read_mark(w, B);
}

/* Named when it was here already, as ordinary text: too late. */
static void urgent__late_pointer(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, XTCP_PSH | XTCP_ACK, .seq = 1, .ack = 1, .len = 10);
	wire_inject(w, A, XTCP_URG | XTCP_ACK, .seq = 1, .ack = 1, .up = 10);
	WIRE_EQ(w, recv_urgent(w, B), -EINVAL);
	WIRE_EQ(w, wire_recv(w, B, 1000), 10);
}

/* A repeated segment does not bring back what was read. */
static void urgent__duplicate(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_twice(w, A, WIRE_DATA, 1);
	WIRE_EQ(w, send_urgent(w, A, 3), 3);
	wire_run_ms(w, 100);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(2));
	WIRE_EQ(w, recv_urgent(w, B), -EINVAL);
	WIRE_EQ(w, wire_recv(w, B, 100), 2);
	read_mark(w, B);
	WIRE_EQ(w, wire_recv(w, B, 100), -EAGAIN);
}

static void urgent__with_fin(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, PUA | XTCP_FIN, .seq = 1, .ack = 1, .len = 3, .up = 3);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_EQ(w, wire_recv(w, B, 100), 2);
	WIRE_EQ(w, recv_urgent(w, B), octet_from_a(2));
	WIRE_EQ(w, wire_recv(w, B, 100), 0);
}

/* What was urgent of a connection that was reset, no one gets; nor does the mark hold text up. */
static void urgent__then_rst(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, PUA, .seq = 1, .ack = 1, .len = 10, .up = 4);
	wire_inject(w, A, XTCP_RST, .seq = 11);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, recv_urgent(w, B), -ENOTCONN);
	WIRE_EQ(w, wire_recv(w, B, 10), 3);
}

/* recv() of @n octets while a signal waits to be handled. */
static int recv_with_signal(struct wire *w, unsigned int n, int flags)
{
	u8 text[16];
	struct kvec vec = { .iov_base = text, .iov_len = n };
	struct msghdr msg = { };
	int ret;

	set_tsk_thread_flag(current, TIF_SIGPENDING);
	ret = kernel_recvmsg(w->side[B].sock, &msg, &vec, 1, n, flags);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	return ret;
}

/*
 * SIGURG is handled before the text behind the mark is given, for whom it tells that he is
 * at the mark (sockatmark()); the text before it is given first.
 */
static void urgent__signal_at_the_mark(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	long *timeo = &w->side[B].sock->sk->sk_rcvtimeo;

	wire_inject(w, A, PUA, .seq = 1, .ack = 1, .len = 10, .up = 4);
	WIRE_EQ(w, recv_with_signal(w, 10, 0), 3);
	*timeo = HZ;
	WIRE_EQ(w, recv_with_signal(w, 10, 0), -EINTR);
	*timeo = MAX_SCHEDULE_TIMEOUT;
	WIRE_EQ(w, recv_with_signal(w, 10, 0), -ERESTARTSYS);
	WIRE_EQ(w, recv_with_signal(w, 10, MSG_DONTWAIT), -EAGAIN);
	WIRE_EQ(w, wire_xs(w, B)->rcv.copied_seq, wire_xs(w, B)->tcb.rcv_up - 1);
	w->side[B].received = 4;
	WIRE_EQ(w, wire_recv(w, B, 10), 6);
}

/* A pointer beyond the FIN: it never comes. */
static void urgent__beyond_fin(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_inject(w, A, PUA | XTCP_FIN, .seq = 1, .ack = 1, .len = 3, .up = 100);
	WIRE_EQ(w, recv_urgent(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 100), 3);
	WIRE_EQ(w, wire_recv(w, B, 100), 0);
}

/* The octet is beyond what the window lets in: it comes with its text. */
static void urgent__beyond_the_window(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	u32 edge = wire_xs(w, B)->tcb.rcv_adv - wire_xs(w, B)->tcb.irs;

	wire_inject(w, A, PUA, .seq = edge - 10, .ack = 1, .len = 20, .up = 20);
	WIRE_EQ(w, recv_urgent(w, B), -EAGAIN);
	wire_inject(w, A, PUA, .seq = edge - 10, .ack = 1, .len = 20, .up = 8);
	WIRE_EQ(w, recv_urgent(w, B), -EAGAIN);
}

/* After 2 GiB of ordinary text the next pointer is a new one all the same. */
static void urgent__forgotten_when_passed(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct xtcp_sock *b;

	WIRE_EQ(w, send_urgent(w, A, 3), 3);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 2), 2);
	read_mark(w, B);
	b = wire_xs(w, B);
	WIRE_EQ(w, b->tcb.rcv_urgent, XTCP_URGENT_HERE);
	WIRE_EQ(w, wire_send(w, A, 1), 1);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 2), 1);
	WIRE_EQ(w, b->tcb.rcv_urgent, XTCP_URGENT_NONE);
}

WIRE_SUITES(xtcp_urgent_wire,
	KUNIT_CASE_SLOW(urgent__bit_and_pointer),
	KUNIT_CASE_SLOW(urgent__every_segment_points),
	KUNIT_CASE_SLOW(urgent__ends),
	KUNIT_CASE_SLOW(urgent__pushes),
	KUNIT_CASE_SLOW(urgent__retransmitted),
	KUNIT_CASE_SLOW(urgent__again),
	KUNIT_CASE_SLOW(urgent__then_fin),
	KUNIT_CASE_SLOW(urgent__window_is_shut),
	KUNIT_CASE_SLOW(urgent__ack_points),
	KUNIT_CASE_SLOW(urgent__beyond_the_pointer),
	KUNIT_CASE_SLOW(urgent__retransmitted_far_behind),
	KUNIT_CASE_SLOW(urgent__retransmitted_large),
	KUNIT_CASE_SLOW(urgent__announced_then_here),
	KUNIT_CASE_SLOW(urgent__mark_moves_on_before_its_octet),
	KUNIT_CASE_SLOW(urgent__mark_moves_on_inline),
	KUNIT_CASE_SLOW(urgent__wakes),
	KUNIT_CASE_SLOW(urgent__out_of_order),
	KUNIT_CASE_SLOW(urgent__late_pointer),
	KUNIT_CASE_SLOW(urgent__duplicate),
	KUNIT_CASE_SLOW(urgent__with_fin),
	KUNIT_CASE_SLOW(urgent__then_rst),
	KUNIT_CASE_SLOW(urgent__signal_at_the_mark),
	KUNIT_CASE_SLOW(urgent__beyond_fin),
	KUNIT_CASE_SLOW(urgent__beyond_the_window),
	KUNIT_CASE_SLOW(urgent__forgotten_when_passed),
	{ }
);
