// SPDX-License-Identifier: GPL-2.0
/*
 * Memory: what a receiver throws away and for whom, and that connections go on when
 * the memory of all sockets together is used up (module/engine/memory.c).
 */

#include <linux/tcp.h>
#include <xtcp/memory.h>
#include <xtcp/mss.h>
#include <xtcp/output.h>
#include <xtcp/push.h>
#include <xtcp/receive.h>
#include <xtcp/socket.h>
#include "../wire.h"

/* Segments of the test alone, to a B with a buffer of @rcvbuf. */
static struct wire *puppet(struct kunit *test, int rcvbuf)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, rcvbuf), 0);
	return wire_puppet(test);
}

/* --- no memory for anyone -------------------------------------------------- */

/* Who holds nothing goes on: both send, both receive. */
static void no_memory__honest_ones_go_on(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_memory_runs_out(w);
	wire_transfer(w, A, 40000, 30000);
	wire_transfer(w, B, 40000, 30000);
	wire_memory_is_back(w);
}

static void no_memory__new_connection(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_memory_runs_out(w);
	wire_connected(test);
	wire_transfer(w, A, 1000, 1000);
	wire_memory_is_back(w);
}

static int writable(struct wire *w, enum wire_end end)
{
	return __sk_stream_is_writeable(w->side[end].sock->sk, 1);
}

/*
 * What send() refuses poll() does not promise, or a program would spin; with the ACK
 * both are possible again. The user's own buffer is not shrunk by the kernel.
 */
static void no_memory__poll_agrees_with_send(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 1 << 17), 0);
	wire_memory_runs_out(w);
	while (wire_send(w, A, 500) > 0)
		;
	WIRE_EQ(w, w->side[A].sent >= 1000, true);
	WIRE_EQ(w, w->side[A].sent <= 8192, true);
	WIRE_EQ(w, writable(w, A), false);
	wire_run_ms(w, 15);
	while (wire_recv(w, B, 65536) > 0)
		;
	wire_run_ms(w, 200);
	WIRE_EQ(w, writable(w, A), true);
	WIRE_EQ(w, wire_send(w, A, 100) > 0, true);
	wire_memory_is_back(w);
}

/* A writer who was told to wait is woken by the ACK. */
static void no_memory__writer_sleeps_till_the_ack(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct socket *sock;

	wire_memory_runs_out(w);
	while (wire_send(w, A, 500) > 0)
		;
	sock = w->side[A].sock;
	WIRE_EQ(w, test_bit(SOCK_NOSPACE, &sock->flags), true);
	wire_run_ms(w, 15);
	while (wire_recv(w, B, 65536) > 0)
		;
	wire_run_ms(w, 500);
	WIRE_EQ(w, test_bit(SOCK_NOSPACE, &sock->flags), false);
	wire_memory_is_back(w);
}

/* Text ahead of order is had again; it goes, whoever's it is. */
static void no_memory__ooo_is_given_up_by_all(struct kunit *test)
{
	u64 pruned = wire_counter(XTCP_DROP_PRUNED);
	struct wire *w = puppet(test, 1 << 17);
	int i;

	for (i = 0; i < 20; i++)
		wire_inject(w, A, XTCP_ACK, .seq = 101 + i * 500, .ack = 1, .len = 490);
	WIRE_EQ(w, RB_EMPTY_ROOT(&wire_xs(w, B)->rcv.ooo), false);
	wire_memory_runs_out(w);
	/* Someone else feels it. */
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 300);
	WIRE_EQ(w, RB_EMPTY_ROOT(&wire_xs(w, B)->rcv.ooo), true);
	WIRE_EQ(w, wire_counter(XTCP_DROP_PRUNED) - pruned, 20);
	/* And the text itself comes again. */
	wire_memory_is_back(w);
	for (i = 0; i < 3; i++)
		wire_inject(w, A, XTCP_ACK, .seq = 1 + i * 500, .ack = 1, .len = 500);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1500);
}

/* B, with text ahead of order, and a sign of want. */
static struct wire *want_with_ooo(struct kunit *test)
{
	struct wire *w = puppet(test, 1 << 17);

	wire_inject(w, A, XTCP_ACK, .seq = 101, .ack = 1, .len = 500);
	WIRE_EQ(w, RB_EMPTY_ROOT(&wire_xs(w, B)->rcv.ooo), false);
	xtcp_prot.enter_memory_pressure(w->side[A].sock->sk);
	return w;
}

/* Want that is over before anyone came to relieve it costs no one anything. */
static void no_memory__for_a_moment(struct kunit *test)
{
	struct wire *w = want_with_ooo(test);

	wire_run_ms(w, 10);
	xtcp_prot.leave_memory_pressure(w->side[A].sock->sk);
	wire_run_ms(w, 500);
	WIRE_EQ(w, RB_EMPTY_ROOT(&wire_xs(w, B)->rcv.ooo), false);
}

/* Who is in the middle of a call is left alone. */
static void no_memory__beside_the_user(struct kunit *test)
{
	struct wire *w = want_with_ooo(test);
	struct sock *sk = w->side[B].sock->sk;

	xtcp_prot.sysctl_mem[0] = -1;
	lock_sock(sk);
	wire_run_ms(w, 500);
	WIRE_EQ(w, RB_EMPTY_ROOT(&wire_xs(w, B)->rcv.ooo), false);
	release_sock(sk);
	xtcp_prot.sysctl_mem[0] = xtcp_prot.sysctl_mem[1] / 4 * 3;
	xtcp_prot.leave_memory_pressure(w->side[A].sock->sk);
}

/* What fills the hole of one's own is taken, too. */
static void no_memory__order_before_what_is_ahead(struct kunit *test)
{
	struct wire *w = puppet(test, 1 << 17);
	int i;

	for (i = 0; i < 20; i++)
		wire_inject(w, A, XTCP_ACK, .seq = 101 + i * 500, .ack = 1, .len = 500);
	wire_memory_runs_out(w);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 100);
	WIRE_EQ(w, wire_recv(w, B, 100), 100);
	wire_memory_is_back(w);
}

static void no_memory__buffers_do_not_grow(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	int sndbuf, rcvbuf;

	sndbuf = w->side[A].sock->sk->sk_sndbuf;
	rcvbuf = w->side[B].sock->sk->sk_rcvbuf;
	xtcp_prot.sysctl_mem[0] = -1;
	wire_transfer(w, A, 1000000, 60000);
	xtcp_prot.sysctl_mem[0] = xtcp_prot.sysctl_mem[1] / 4 * 3;
	WIRE_EQ(w, w->side[A].sock->sk->sk_sndbuf <= sndbuf, true);
	WIRE_EQ(w, w->side[B].sock->sk->sk_rcvbuf <= rcvbuf, true);
	wire_transfer(w, A, 1000000, 60000);
	WIRE_EQ(w, w->side[A].sock->sk->sk_sndbuf > sndbuf, true);
	WIRE_EQ(w, w->side[B].sock->sk->sk_rcvbuf > rcvbuf, true);
}

/* The FIN goes in any case, and all of it is given back. */
static void no_memory__fin_goes(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_memory_runs_out(w);
	wire_release(w, A);
	wire_run_ms(w, 50);
	WIRE_STATE(w, A, FIN_WAIT_2);
	WIRE_STATE(w, B, CLOSE_WAIT);
	wire_memory_is_back(w);
}

/* The path got narrower while there is no memory: what is lost is cut up still. */
static void no_memory__sent_again_in_smaller_segments(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	wire_connected(test);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 1300), 1300);
	wire_run_ms(w, 5);
	wire_memory_runs_out(w);
	wire_icmp_too_big(w, A, 1, 1228);
	wire_run_ms(w, 5);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:1301 ack 1    -> x\n"
		    "0.005 ESTABLISHED -> . 1:1229 ack 1     -> ...\n"
		    "0.005 ESTABLISHED -> P. 1229:1301 ack 1 -> ...\n");
	wire_memory_is_back(w);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1300);
}

/* Pieces cost many times their text: cut small, a queue waits for ACKs rather than grow. */
static void cut_small__waits_for_acks(struct kunit *test)
{
	struct wire *w = test->priv;
	struct xtcp_sock *xs;
	unsigned int got = 0;
	int most, n;
	struct sock *sk;

	wire_knob(w, initial_cwnd, 1);
	wire_connected(test);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 200000), 0);
	wire_drop(w, B, WIRE_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 60000), 60000);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 88), 0);
	sk = w->side[A].sock->sk;
	xs = xtcp_sk(sk);
	lock_sock(sk);
	WRITE_ONCE(sk->sk_sndbuf, SOCK_MIN_SNDBUF);
	xs->cong.cwnd = 1 << 20;
	xtcp_mss_sync(sk, xs->snd.pmtu);
	xtcp_push_text(sk);
	most = 2 * (sk->sk_sndbuf + 2 * SKB_TRUESIZE(GSO_LEGACY_MAX_SIZE)) + 4096;
	WIRE_EQ(w, sk->sk_wmem_queued <= most, true);
	release_sock(sk);
	wire_pass_all(w);
	while (got < 60000) {
		wire_run_ms(w, 500);
		n = wire_recv(w, B, 60000);
		if (n <= 0)
			break;
		got += n;
	}
	WIRE_EQ(w, got, 60000);
}

/* --- orphans ---------------------------------------------------------------- */

/* A has closed behind more text than B lets it send. */
static struct wire *orphan_with_text(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 8192), 0);
	wire_connected(test);
	WIRE_EQ(w, wire_send(w, A, 20000), 20000);
	wire_run_ms(w, 300);
	return w;
}

static int orphans(struct wire *w)
{
	return atomic_read(&w->xn->orphans);
}

static void orphan__resets_when_closed_without_memory(struct kunit *test)
{
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_MEMORY);
	struct wire *w = orphan_with_text(test);

	wire_memory_runs_out(w);
	wire_release(w, A);
	wire_memory_is_back(w);
	WIRE_EQ(w, orphans(w), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_MEMORY) - aborts, 1);
}

/* One that is there already ends when others feel the want. */
static void orphan__ends_when_memory_runs_out(struct kunit *test)
{
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_MEMORY);
	struct wire *w = orphan_with_text(test);

	wire_release(w, A);
	wire_run_ms(w, 300);
	WIRE_EQ(w, orphans(w), 1);
	wire_memory_runs_out(w);
	xtcp_prot.enter_memory_pressure(w->side[B].sock->sk);
	wire_run_ms(w, 300);
	wire_memory_is_back(w);
	WIRE_EQ(w, orphans(w), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_MEMORY) - aborts, 1);
}

/* In want, but not at its end: who has no more than his share keeps it. */
static void orphan__keeps_its_share(struct kunit *test)
{
	struct wire *w = orphan_with_text(test);

	wire_release(w, A);
	wire_run_ms(w, 300);
	xtcp_prot.sysctl_mem[0] = -1;		/* it does not end by itself */
	xtcp_prot.enter_memory_pressure(w->side[B].sock->sk);
	wire_run_ms(w, 300);
	WIRE_EQ(w, READ_ONCE(*xtcp_prot.memory_pressure) != 0, true);
	xtcp_prot.sysctl_mem[0] = xtcp_prot.sysctl_mem[1] / 4 * 3;
	xtcp_prot.leave_memory_pressure(w->side[B].sock->sk);
	WIRE_EQ(w, orphans(w), 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 0);
}

/* With enough for all, what a user wrote is sent after his end. */
static void orphan__lives_while_there_is_memory(struct kunit *test)
{
	struct wire *w = orphan_with_text(test);
	int i;

	wire_release(w, A);
	for (i = 0; i < 2000 && w->side[B].received < 20000; i++) {
		wire_recv(w, B, 65536);
		wire_run_ms(w, 10);
	}
	WIRE_EQ(w, w->side[B].received, 20000);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 0);
}

/* --- one receiver ------------------------------------------------------------ */

/* Text ahead of order until no more is taken. */
static void fill_ahead_of_order(struct wire *w)
{
	u32 edge = xtcp_tcb_rcv_wnd(&wire_xs(w, B)->tcb), seq;

	for (seq = 11; seq + 10 < edge; seq += 20)
		wire_inject(w, A, XTCP_ACK, .seq = seq, .ack = 1, .len = 10);
	WIRE_EQ(w, atomic_read(&w->side[B].sock->sk->sk_rmem_alloc) >
		w->side[B].sock->sk->sk_rcvbuf, true);
}

/* RFC 9293 3.10.7.4: what is not acceptable changes nothing, and frees nothing. */
static void blind_segment__costs_nothing(struct kunit *test)
{
	struct wire *w = puppet(test, 8192);
	u64 pruned;
	int held;

	fill_ahead_of_order(w);
	pruned = wire_counter(XTCP_DROP_PRUNED);
	held = atomic_read(&w->side[B].sock->sk->sk_rmem_alloc);
	/* Outside the window, on both sides. */
	wire_inject(w, A, XTCP_ACK, .seq = 500000, .ack = 1, .len = 1000, .junk = true);
	wire_inject(w, A, XTCP_ACK, .seq = -5000, .ack = 1, .len = 1000, .junk = true);
	/* Inside, but an ACK of what was never sent; an old timestamp; RST, SYN. */
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 500000, .len = 1000, .junk = true);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 1000, .junk = true,
		    .ts_age = 100000);
	wire_inject(w, A, XTCP_ACK | XTCP_RST, .seq = 5, .ack = 1, .len = 1000, .junk = true);
	wire_inject(w, A, XTCP_ACK | XTCP_SYN, .seq = 1, .ack = 1, .len = 1000, .junk = true);
	wire_inject(w, A, 0, .seq = 1, .len = 1000, .junk = true);
	WIRE_EQ(w, wire_counter(XTCP_DROP_PRUNED) - pruned, 0);
	WIRE_EQ(w, atomic_read(&w->side[B].sock->sk->sk_rmem_alloc), held);
	/* The peer's own, in order, makes room for itself. */
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	WIRE_EQ(w, wire_counter(XTCP_DROP_PRUNED) > pruned, true);
	WIRE_EQ(w, wire_recv(w, B, 8000) >= 1000, true);
}

/* Nothing nearer to order goes for something farther. */
static void full_buffer__far_text_does_not_displace_near(struct kunit *test)
{
	struct wire *w = puppet(test, 8192);
	u32 wnd = xtcp_tcb_rcv_wnd(&wire_xs(w, B)->tcb);
	u64 pruned, refused;

	fill_ahead_of_order(w);
	pruned = wire_counter(XTCP_DROP_PRUNED);
	refused = wire_counter(XTCP_DROP_NO_ROOM);
	wire_inject(w, A, XTCP_ACK, .seq = wnd - 5, .ack = 1, .len = 5);
	WIRE_EQ(w, wire_counter(XTCP_DROP_PRUNED) - pruned, 0);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 1);
}

/* Text in order takes no more of it than it needs: an eighth at a time. */
static void full_buffer__most_of_what_is_ahead_stays(struct kunit *test)
{
	struct wire *w = puppet(test, 8192);
	struct sock *sk = w->side[B].sock->sk;

	fill_ahead_of_order(w);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 10);
	WIRE_EQ(w, wire_recv(w, B, 8000) >= 20, true);
	WIRE_EQ(w, atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf / 4 * 3, true);
}

/* A FIN alone, in order, needs no room. */
static void full_buffer__bare_fin(struct kunit *test)
{
	struct wire *w = puppet(test, 4096);
	struct sock *sk = w->side[B].sock->sk;
	u32 seq = 1;

	while (atomic_read(&sk->sk_rmem_alloc) <= sk->sk_rcvbuf && seq < 10000) {
		wire_inject(w, A, XTCP_ACK, .seq = seq, .ack = 1, .len = 500);
		seq = wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs;
	}
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = seq, .ack = 1);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_EQ(w, wire_recv(w, B, 10000), seq - 1);
	WIRE_EQ(w, wire_recv(w, B, 10000), 0);
}

/* Copying together never costs more than it saves, and loses nothing. */
static void compact__only_what_gets_smaller(struct kunit *test)
{
	struct wire *w = puppet(test, 32768);
	struct sock *sk = w->side[B].sock->sk;
	u64 compacted = wire_counter(XTCP_CNT_RCV_COMPACTED);
	u32 i, seq = 1, most = 0;

	for (i = 0; i < 3000; i++) {
		/* Each begins with an octet that is there: they do not join by themselves. */
		wire_inject(w, A, XTCP_ACK, .seq = seq - (seq > 1), .ack = 1, .len = 2 + i % 7);
		seq = wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs;
		most = max_t(u32, most, atomic_read(&sk->sk_rmem_alloc));
	}
	WIRE_EQ(w, wire_counter(XTCP_CNT_RCV_COMPACTED) > compacted, true);
	/* One segment beyond it, as any buffer. */
	WIRE_EQ(w, most <= sk->sk_rcvbuf + 4096, true);
	WIRE_EQ(w, wire_recv(w, B, 65536), seq - 1);
	WIRE_EQ(w, atomic_read(&sk->sk_rmem_alloc), 0);
}

WIRE_SUITES(xtcp_memory_wire,
	KUNIT_CASE_SLOW(no_memory__honest_ones_go_on),
	KUNIT_CASE_SLOW(no_memory__new_connection),
	KUNIT_CASE_SLOW(no_memory__poll_agrees_with_send),
	KUNIT_CASE_SLOW(no_memory__writer_sleeps_till_the_ack),
	KUNIT_CASE_SLOW(no_memory__ooo_is_given_up_by_all),
	KUNIT_CASE_SLOW(no_memory__for_a_moment),
	KUNIT_CASE_SLOW(no_memory__beside_the_user),
	KUNIT_CASE_SLOW(no_memory__order_before_what_is_ahead),
	KUNIT_CASE_SLOW(no_memory__buffers_do_not_grow),
	KUNIT_CASE_SLOW(no_memory__fin_goes),
	KUNIT_CASE_SLOW(no_memory__sent_again_in_smaller_segments),
	KUNIT_CASE_SLOW(cut_small__waits_for_acks),
	KUNIT_CASE_SLOW(orphan__resets_when_closed_without_memory),
	KUNIT_CASE_SLOW(orphan__ends_when_memory_runs_out),
	KUNIT_CASE_SLOW(orphan__keeps_its_share),
	KUNIT_CASE_SLOW(orphan__lives_while_there_is_memory),
	KUNIT_CASE_SLOW(blind_segment__costs_nothing),
	KUNIT_CASE_SLOW(full_buffer__far_text_does_not_displace_near),
	KUNIT_CASE_SLOW(full_buffer__most_of_what_is_ahead_stays),
	KUNIT_CASE_SLOW(full_buffer__bare_fin),
	KUNIT_CASE_SLOW(compact__only_what_gets_smaller),
	{ }
);
