// SPDX-License-Identifier: GPL-2.0
/* What a program sees of a connection: module/socket/. */

#include <linux/netfilter_ipv4.h>
#include <linux/poll.h>
#include <linux/tcp.h>
#include <net/xfrm.h>
#include <net/proto_memory.h>
#include <xtcp/af.h>
#include <xtcp/receive.h>
#include "../wire.h"
#include "../wire_ip.h"

static __poll_t poll_sock(struct socket *sock)
{
	return sock->ops->poll(NULL, sock, NULL);
}

static __poll_t poll_end(struct wire *w, enum wire_end end)
{
	return poll_sock(w->side[end].sock);
}

static int recv_flags(struct wire *w, enum wire_end end, u8 *text, int n, int flags)
{
	struct kvec vec = { .iov_base = text, .iov_len = n };
	struct msghdr msg = { };

	return kernel_recvmsg(w->side[end].sock, &msg, &vec, 1, n, flags);
}

/* --- on the way to it ------------------------------------------------------ */

/* Which IPsec states the text came by is asked once, and not kept with it. */
static void queued_text__pins_no_extension(struct kunit *test)
{
#ifdef CONFIG_XFRM
	struct xfrm_state *state = xfrm_state_alloc(&init_net);
	struct wire *w = wire_connected(test);
	struct sec_path *path;
	struct sk_buff *skb;

	KUNIT_ASSERT_NOT_NULL(test, state);
	state->km.state = XFRM_STATE_DEAD;	/* in no table; its last reference frees it */
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	path = secpath_set(list_last_entry(&w->segments, struct wire_segment, link)->skb);
	KUNIT_ASSERT_NOT_NULL(test, path);
	path->xvec[path->len++] = state;
	wire_run_ms(w, 50);
	skb = skb_peek(&w->side[B].sock->sk->sk_receive_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	WIRE_EQ(w, skb_has_extensions(skb), false);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
#else
	kunit_skip(test, "without IPsec");
#endif
}

/* Buffers as large as there are do not add up to none. */
static void backlog__of_the_largest_buffers(struct kunit *test)
{
	u64 drops = wire_counter(XTCP_DROP_BACKLOG);
	struct wire *w = test->priv;
	struct sock *sk;

	wire_knob(w, initial_cwnd, 100);
	wire_establish(w);
	WRITE_ONCE(w->side[A].sock->sk->sk_sndbuf, 1 << 20);
	sk = w->side[B].sock->sk;
	WRITE_ONCE(sk->sk_rcvbuf, INT_MAX);
	WRITE_ONCE(sk->sk_sndbuf, INT_MAX);
	lock_sock_nested(sk, SINGLE_DEPTH_NESTING);	/* the sender's is another one */
	WIRE_EQ(w, wire_send(w, A, 50000), 50000);
	wire_run_ms(w, 50);
	release_sock(sk);
	WIRE_EQ(w, wire_counter(XTCP_DROP_BACKLOG) - drops, 0);
	WIRE_EQ(w, wire_recv(w, B, 60000), 50000);
}

/*
 * Too much waits for the user: what comes is lost, as on the way, and comes again. An ACK
 * between keeps texts apart.
 */
static void backlog__full(struct kunit *test)
{
	u64 drops = wire_counter(XTCP_DROP_BACKLOG);
	struct wire *w = wire_puppet(test);
	struct sock *sk = w->side[B].sock->sk;
	u32 i, lost, here;

	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 4096), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_SNDBUF, 4096), 0);
	lock_sock(sk);
	for (i = 0; i < 200; i++) {
		wire_inject(w, A, XTCP_ACK, .seq = 1 + i * 10, .ack = 1, .len = 10);
		wire_inject(w, A, XTCP_ACK, .seq = 11 + i * 10, .ack = 1);
	}
	WIRE_EQ(w, sk->sk_backlog.len < 100000, true);
	release_sock(sk);
	lost = wire_counter(XTCP_DROP_BACKLOG) - drops;
	WIRE_EQ(w, lost > 0 && lost < 400, true);
	here = (400 - lost + 1) / 2 * 10;
	WIRE_EQ(w, wire_recv(w, B, 5000), here);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_inject(w, A, XTCP_ACK, .seq = 1 + here, .ack = 1, .len = 500);
	WIRE_EQ(w, wire_recv(w, B, 5000), 500);
}

/* --- recv() --------------------------------------------------------------- */

static void recv__nothing_there(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_recv(w, B, 100), -EAGAIN);
}

static void recv__piece_by_piece(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 2500), 2500);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 1), 1);
	WIRE_EQ(w, wire_recv(w, B, 999), 999);
	WIRE_EQ(w, wire_recv(w, B, 501), 501);
	WIRE_EQ(w, wire_recv(w, B, 5000), 999);
	WIRE_EQ(w, wire_recv(w, B, 100), -EAGAIN);
}

static void recv__peek_takes_nothing(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u8 text[100], again[100];

	WIRE_EQ(w, wire_send(w, A, 80), 80);
	wire_run_ms(w, 100);
	WIRE_EQ(w, recv_flags(w, B, text, 100, MSG_PEEK | MSG_DONTWAIT), 80);
	WIRE_EQ(w, recv_flags(w, B, again, 100, MSG_PEEK | MSG_DONTWAIT), 80);
	KUNIT_EXPECT_MEMEQ(test, text, again, 80);
	WIRE_EQ(w, wire_recv(w, B, 100), 80);
}

/* Blocks until all of it is there: RTO after the first one's ACK. */
static void recv__waitall(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u8 *text = kunit_kzalloc(test, 3000, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	wire_drop(w, A, WIRE_DATA, 2, 1);
	WIRE_EQ(w, wire_send(w, A, 2000), 2000);
	WIRE_EQ(w, recv_flags(w, B, text, 2000, MSG_WAITALL), 2000);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 230);
}

/* The buffer grows while the call runs: a sender far away need not wait for its end. */
static void recv__waitall_of_much(struct kunit *test)
{
	const unsigned int n = 1 << 20;
	struct wire *w = test->priv;
	u8 *text = kvmalloc(n, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	wire_knob(w, initial_cwnd, 1000);
	wire_connected(test);
	wire_delay_ms(w, 50);
	WRITE_ONCE(w->side[A].sock->sk->sk_sndbuf, 16 * n);
	WIRE_EQ(w, wire_send(w, A, n), n);
	WIRE_EQ(w, recv_flags(w, B, text, n, MSG_WAITALL), n);
	/* By windows of 64 KiB sixteen round trips: 1600. */
	WIRE_EQ(w, wire_now_us(w) < 900000, true);
	kvfree(text);
}

/* A blocked reader is woken by the first text. */
static void recv__blocks_until_text(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u8 text[100];

	WIRE_EQ(w, wire_send(w, A, 10), 10);
	WIRE_EQ(w, recv_flags(w, B, text, 100, 0), 10);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 10);
}

static void recv__so_rcvtimeo(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u8 text[100];

	w->side[B].sock->sk->sk_rcvtimeo = 2 * HZ;
	WIRE_EQ(w, recv_flags(w, B, text, 100, 0), -EAGAIN);
	WIRE_EQ(w, wire_now_us(w) >= 2000000, true);
	WIRE_EQ(w, wire_now_us(w) < 2100000, true);
}

/* Text before the FIN first, then the end, for ever. */
static void recv__end_of_stream(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 100), 10);
	WIRE_EQ(w, wire_recv(w, B, 100), 0);
	WIRE_EQ(w, wire_recv(w, B, 100), 0);
}

/* What arrived before a RST is lost with it (RFC 9293 3.10.7.4, flush). */
static void recv__after_rst(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 100), -ECONNRESET);
	WIRE_EQ(w, wire_recv(w, B, 100), 0);
	WIRE_EQ(w, wire_send(w, B, 100), -EPIPE);
}

static void recv__not_connected(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_recv(w, A, 100), -ENOTCONN);
	WIRE_EQ(w, wire_send(w, A, 100), -EPIPE);
}

/* --- send() --------------------------------------------------------------- */

static void send__buffer_full(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 total = 0;
	int n;

	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	while ((n = wire_send(w, A, 5000)) > 0 && total < 10000000)
		total += n;
	WIRE_EQ(w, n, -EAGAIN);
	WIRE_EQ(w, total > 10000, true);
	WIRE_EQ(w, poll_end(w, A) & EPOLLOUT, 0);
	wire_pass_all(w);
	wire_run_ms(w, 5000);
	WIRE_EQ(w, poll_end(w, A) & EPOLLOUT, EPOLLOUT);
}

static void wait_for_room(struct wire *w)
{
	int i;

	for (i = 0; i < 200 && wire_send(w, A, 500) > 0; i++)
		;
	WIRE_EQ(w, i > 1 && i < 200, true);
	WIRE_EQ(w, poll_end(w, A) & EPOLLOUT, 0);
}

/* Woken, and there is room. */
static bool room_is_told(struct wire *w)
{
	return !test_bit(SOCK_NOSPACE, &w->side[A].sock->flags) &&
	       (poll_end(w, A) & EPOLLOUT);
}

/* TCP_NOTSENT_LOWAT: whatever lets text go wakes who waits for less that is unsent. */
static void notsent_lowat__wakes(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 400000), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NOTSENT_LOWAT, 2000), 0);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	wait_for_room(w);
	WIRE_EQ(w, w->side[A].sent, 2000);
	/* The window opens. */
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, room_is_told(w), true);
	wait_for_room(w);
	/* Limited transmit. */
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, room_is_told(w), true);
	wait_for_room(w);
	/* An acknowledgment. */
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 8001);
	WIRE_EQ(w, room_is_told(w), true);
	wait_for_room(w);
	/* The user is content with more. */
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NOTSENT_LOWAT, 10000), 0);
	WIRE_EQ(w, room_is_told(w), true);
}

/* A blocking send() waits for room, again and again, until all is written. */
static void send__blocks_until_there_is_room(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u8 *text = kunit_kzalloc(test, 60000, GFP_KERNEL);
	struct kvec vec = { .iov_base = text, .iov_len = 60000 };
	struct msghdr msg = { };
	struct tcp_info info;

	KUNIT_ASSERT_NOT_NULL(test, text);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 5000), 0);
	WIRE_EQ(w, kernel_sendmsg(w->side[A].sock, &msg, &vec, 1, 60000), 60000);
	WIRE_EQ(w, wire_now_us(w) >= 100000, true);
	wire_run_ms(w, 100);
	/* It was the buffer that held it up, most of the time (TCP_INFO). */
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_sndbuf_limited >= 80000, true);
	WIRE_EQ(w, info.tcpi_rwnd_limited, 0);
	WIRE_EQ(w, info.tcpi_busy_time >= info.tcpi_sndbuf_limited, true);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs, 60001);
}

/* SO_SNDTIMEO: what was written until then counts. */
static void send__so_sndtimeo(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u8 *text = kunit_kzalloc(test, 200000, GFP_KERNEL);
	struct kvec vec = { .iov_base = text, .iov_len = 200000 };
	struct msghdr msg = { };
	int n;

	KUNIT_ASSERT_NOT_NULL(test, text);
	w->side[A].sock->sk->sk_sndtimeo = HZ;
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	n = kernel_sendmsg(w->side[A].sock, &msg, &vec, 1, 200000);
	WIRE_EQ(w, n > 0 && n < 200000, true);
	WIRE_EQ(w, wire_now_us(w) >= 1000000 && wire_now_us(w) < 1100000, true);
}

/* A blocked writer learns that the peer is dead. */
static void send__blocked_is_told_of_the_end(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u8 *text = kunit_kzalloc(test, 200000, GFP_KERNEL);
	struct kvec vec = { .iov_base = text, .iov_len = 200000 };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	int n;

	KUNIT_ASSERT_NOT_NULL(test, text);
	wire_knob(w, retries2, 2);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	n = kernel_sendmsg(w->side[A].sock, &msg, &vec, 1, 200000);
	WIRE_EQ(w, n > 0 && n < 200000, true);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 1400);
	WIRE_EQ(w, wire_send(w, A, 1), -ETIMEDOUT);
}

/* A RST from the peer, as soon as A has sent something; its user has the lock. */
static unsigned int reset_by_b(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct wire *w = priv;

	if (skb->sk == w->side[A].sock->sk && !skb->sk->sk_backlog.tail)
		wire_inject(w, B, XTCP_RST, .seq = 1);
	return NF_ACCEPT;
}

/* Who writes much hears of the end before all is copied: how much went, and then the error. */
static void send__reset_meanwhile(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct nf_hook_ops hook = {
		.hook = reset_by_b, .priv = w, .pf = w->ip->pf,
		.hooknum = NF_INET_LOCAL_OUT, .priority = NF_IP_PRI_FIRST,
	};
	int n;

	WRITE_ONCE(w->side[A].sock->sk->sk_sndbuf, 1 << 20);
	KUNIT_ASSERT_EQ(test, nf_register_net_hook(&init_net, &hook), 0);
	n = wire_send(w, A, 100000);
	nf_unregister_net_hook(&init_net, &hook);
	WIRE_EQ(w, n >= 1000 && n <= 40000, true);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, w->side[A].sock->sk->sk_wmem_queued, 0);
	WIRE_EQ(w, wire_send(w, A, 100), -ECONNRESET);
	WIRE_EQ(w, wire_send(w, A, 100), -EPIPE);
}

/* Two write in turn, from the same page: there are more pieces than one buffer takes. */
static void send__many_pieces(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	int i;

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 1), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_CORK, 1), 0);
	for (i = 0; i < 2 * MAX_SKB_FRAGS + 3; i++) {
		WIRE_EQ(w, wire_send(w, A, 7), 7);
		WIRE_EQ(w, wire_send(w, B, 7), 7);
	}
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 0), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_CORK, 0), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, A, 1000), i * 7);
	WIRE_EQ(w, wire_recv(w, B, 1000), i * 7);
}

static void send__after_shutdown(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_EQ(w, wire_send(w, A, 10), -EPIPE);
}

/* tcp(7): TCP_NODELAY flushes even what is corked; the cork stays in for the rest. */
static void nodelay__flushes_the_corked(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_establish(w);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 40), 40);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 40), 40);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 0), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
}

/* TCP_CORK: nothing but full segments, until it is pulled. */
static void send__cork(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 600), 600);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 0);
	WIRE_EQ(w, wire_send(w, A, 600), 600);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1000);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 0), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 2000), 200);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
}

/* MSG_MORE: corks one call. */
static void send__msg_more(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send_flags(w, A, 10, MSG_MORE), 10);
	wire_run_ms(w, 20);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 0);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.020 ESTABLISHED -> P. 1:21 ack 1 -> ESTABLISHED\n"
		    "0.030 ESTABLISHED <- . 1 ack 21    <- ESTABLISHED\n");
}

/* Once the call is over it holds nothing back: the next ACK lets it go. */
static void send__msg_more_ends_with_its_call(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 1000), 1000);
	WIRE_EQ(w, wire_send_flags(w, A, 10, MSG_MORE), 10);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:1001 ack 1   -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1001      <- ESTABLISHED\n"
		    "0.020 ESTABLISHED -> P. 1001:1011 ack 1 -> ESTABLISHED\n"
		    "0.030 ESTABLISHED <- . 1 ack 1011      <- ESTABLISHED\n");
}

/* Pulling the cork sends, whatever the last call said of more. */
static void send__msg_more_and_cork(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 1), 0);
	WIRE_EQ(w, wire_send_flags(w, A, 10, MSG_MORE), 10);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 0), 0);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
}

/* What follows MSG_EOR goes in a segment of its own, and so does its end, wherever it is cut. */
static void send__end_of_record(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 512), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, wire_send_flags(w, A, 10, MSG_MORE), 10);
	WIRE_EQ(w, wire_send_flags(w, A, 10, MSG_MORE | MSG_EOR), 10);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 0);
	WIRE_EQ(w, wire_send_flags(w, A, 600, MSG_MORE | MSG_EOR), 600);
	WIRE_EQ(w, wire_send(w, A, 5), 5);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> . 1:21 ack 1     -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 21:521 ack 1   -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> . 521:621 ack 1  -> ESTABLISHED\n"
		    "0.000 ESTABLISHED -> P. 621:626 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 21       <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 521      <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 621      <- ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 626      <- ESTABLISHED\n");
}

/* Sent again by itself, too; an empty record ends nothing. */
static void send__end_of_record_is_lost(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send_flags(w, A, 10, MSG_EOR), 10);
	WIRE_EQ(w, wire_send_flags(w, A, 10, MSG_MORE), 10);
	WIRE_EQ(w, wire_send_flags(w, A, 0, MSG_MORE | MSG_EOR), 0);
	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 100), 30);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:11 ack 1   -> x\n"
		    "0.000 ESTABLISHED -> P. 11:31 ack 1  -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 1       <- ESTABLISHED\n"
		    "0.200 ESTABLISHED -> P. 1:11 ack 1   -> ESTABLISHED\n"
		    "0.210 ESTABLISHED <- . 1 ack 31      <- ESTABLISHED\n");
}

/* A control message that is none. */
static void send__bad_control_message(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct cmsghdr control = { .cmsg_len = sizeof(control), .cmsg_level = SOL_SOCKET,
				   .cmsg_type = 9999 };
	struct kvec vec = { .iov_base = &control, .iov_len = 5 };
	struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control) };

	WIRE_EQ(w, kernel_sendmsg(w->side[A].sock, &msg, &vec, 1, 5), -EINVAL);
	control.cmsg_level = SOL_IP;	/* not for us */
	WIRE_EQ(w, kernel_sendmsg(w->side[A].sock, &msg, &vec, 1, 5), 5);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
}

/*
 * From 7.x on what is sent can be a device's memory, and the text is where in it: without
 * MSG_ZEROCOPY that is refused, as the kernel's TCP does.
 */
static void send__control_of_device_memory(struct kunit *test)
{
#ifdef XTCP_HAVE_DMABUF_ID
	struct wire *w = wire_connected(test);
	struct {
		struct cmsghdr h;
		u32 id;
	} control = { .h = { .cmsg_len = CMSG_LEN(sizeof(u32)), .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_DEVMEM_DMABUF }, .id = 1 };
	struct kvec vec = { .iov_base = &control, .iov_len = 5 };
	struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control) };

	WIRE_EQ(w, kernel_sendmsg(w->side[A].sock, &msg, &vec, 1, 5), -EINVAL);
#else
	kunit_skip(test, "this kernel sends no memory of devices");
#endif
}

static int set_lowat(struct wire *w, int octets);

/* net.core.bypass_prot_mem: what others use up is not its want. */
static void bypass__is_not_short(struct kunit *test)
{
#ifdef XTCP_HAVE_BYPASS_PROT_MEM
	struct wire *w;

	WRITE_ONCE(init_net.core.sysctl_bypass_prot_mem, 1);
	w = wire_connected(test);
	WRITE_ONCE(init_net.core.sysctl_bypass_prot_mem, 0);
	WIRE_EQ(w, w->side[A].sock->sk->sk_bypass_prot_mem, 1);
	WIRE_EQ(w, w->side[B].sock->sk->sk_bypass_prot_mem, 1);
	WIRE_EQ(w, set_lowat(w, 100), 0);
	wire_memory_runs_out(w);
	WIRE_EQ(w, sk_under_memory_pressure(w->side[B].sock->sk), 0);
	WIRE_EQ(w, wire_send(w, A, 40), 40);
	wire_run_ms(w, 50);
	WIRE_EQ(w, poll_end(w, B) & EPOLLIN, 0);
	wire_memory_is_back(w);
#else
	kunit_skip(test, "this kernel has no net.core.bypass_prot_mem");
#endif
}

static void send__nothing(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 0), 0);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w, "");
}

/* --- connect(), listen(), accept() ---------------------------------------- */

static void connect__twice(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_connect(w, A), -EISCONN);
}

static void connect__while_connecting(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_sock(w, w->side[A].sock, B, O_NONBLOCK), -EALREADY);
}

static void connect__of_a_listener(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 1), 0);
	WIRE_EQ(w, wire_connect_sock(w, w->side[B].listener, A, 0), -EISCONN);
}

/* A cgroup's programs are shown an address that is whole (bpf_sock_addr). */
static void connect__programs_see_whole_addresses(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sockaddr_storage to;
	int len = wire_sockaddr(w, B, 0, &to);
	struct sock *sk;

	WIRE_EQ(w, wire_socket(w, A), 0);
	sk = w->side[A].sock->sk;
	if (len == sizeof(struct sockaddr_in6))
		len = SIN6_LEN_RFC2133;
	lock_sock(sk);
	WIRE_EQ(w, sk->sk_prot->pre_connect(sk, (void *)&to, len), 0);
	WIRE_EQ(w, sk->sk_prot->pre_connect(sk, (void *)&to, len - 1), -EINVAL);
	release_sock(sk);
}

static int no_way(struct sock *sk)
{
	return -EHOSTUNREACH;
}

/* IP finds no way once the port is known: the port is given back. */
static void connect__no_way_from_its_port(struct kunit *test)
{
	struct wire *w = test->priv;
	struct xtcp_af_ops ops;
	struct xtcp_sock *xs;

	if (w->sockets->family == AF_INET6)
		kunit_skip(test, "connect() sets their operations anew");
	WIRE_EQ(w, wire_listen(w, B, 1), 0);
	WIRE_EQ(w, wire_client_port(w, 1, WIRE_PORT_A + 1, WIRE_PORT_A + 7), 0);
	KUNIT_ASSERT_NOT_NULL(test, w->client[1]);
	xs = xtcp_sk(w->client[1]->sk);
	WIRE_EQ(w, call_disconnect(w->client[1]), 0);
	KUNIT_ASSERT_NULL(test, xs->port);
	ops = *xs->af;
	ops.connect_ports = no_way;
	xs->af = &ops;
	WIRE_EQ(w, wire_connect_sock(w, w->client[1], B, 0), -EHOSTUNREACH);
	xs->af = &xtcp_ipv4_ops;
	KUNIT_EXPECT_NULL(test, xs->port);
	WIRE_EQ(w, inet_sk(w->client[1]->sk)->inet_num, 0);
}

/* Bound to all addresses, at a port of its own; others may share that. */
static struct socket *at_all_addresses(struct wire *w, u16 port)
{
	struct sockaddr_in6 any = { .sin6_family = w->sockets->family,
				    .sin6_port = htons(port) };
	struct socket *sock;

	KUNIT_ASSERT_EQ(w->test, sock_create_kern(&init_net, w->sockets->family, SOCK_STREAM,
						  WIRE_PROTOCOL, &sock), 0);
	sock_set_reuseaddr(sock->sk);
	sock_no_linger(sock->sk);
	WIRE_EQ(w, call_bind(sock, &any, sizeof(any)), 0);
	return sock;
}

/* May another have A's address and this port to itself? */
static int bind_beside(struct wire *w, u16 port)
{
	struct sockaddr_storage addr;
	struct socket *sock;
	int err, len = wire_sockaddr(w, A, 0, &addr);

	((struct sockaddr_in *)&addr)->sin_port = htons(port);	/* sin6_port is there, too */
	err = sock_create_kern(&init_net, w->sockets->family, SOCK_STREAM, WIRE_PROTOCOL, &sock);
	if (err)
		return err;
	inet_set_bit(FREEBIND, sock->sk);
	err = call_bind(sock, &addr, len);
	sock_release(sock);
	return err;
}

/* From all addresses: the port is of the one that is used, and of all again where that failed. */
static void connect__port_is_at_all_addresses_again(struct kunit *test)
{
	struct wire *w = test->priv;
	struct socket *one = at_all_addresses(w, 4242), *other = at_all_addresses(w, 4242);

	wire_knob(w, syn_retries, 1);
	WIRE_EQ(w, wire_connect_sock(w, one, B, O_NONBLOCK), -EINPROGRESS);
	WIRE_EQ(w, bind_beside(w, 4242), -EADDRINUSE);
	/* There is one such connection already. */
	WIRE_EQ(w, wire_connect_sock(w, other, B, O_NONBLOCK), -EADDRNOTAVAIL);
	WIRE_EQ(w, bind_beside(w, 4242), -EADDRINUSE);
	sock_release(other);
	WIRE_EQ(w, bind_beside(w, 4242), 0);
	/* Nobody answers: so that one has failed as well. */
	wire_run_ms(w, 3100);
	WIRE_EQ(w, wire_connect_sock(w, one, B, O_NONBLOCK), -ETIMEDOUT);
	WIRE_EQ(w, bind_beside(w, 4242), -EADDRINUSE);
	sock_release(one);
}

/* AF_UNSPEC: the connection is reset, the socket is as new. */
static void connect__af_unspec_disconnects(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	wire_run_ms(w, 100);
	WIRE_STATE(w, A, CLOSED);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, wire_error(w, B), ECONNRESET);
	wire_release(w, B);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	w->side[A].sent = 0;
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 3000, 1000);
}

/* Nothing of the first life is left in the second: no end of the stream, no SO_PEEK_OFF. */
/* A socket whose memory must not come from the task (NFS) has a page of its own to fill. */
static void connect__af_unspec_gives_the_page_back(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[A].sock->sk;
	struct page *page;

	sk->sk_use_task_frag = false;
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	page = sk->sk_frag.page;
	KUNIT_ASSERT_NOT_NULL(test, page);
	get_page(page);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 100), 100);
	WIRE_EQ(w, page_count(page), 2);
	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
	KUNIT_EXPECT_NULL(test, sk->sk_frag.page);
}

static void connect__again_after_the_end(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[A].sock->sk;

	WIRE_EQ(w, sk_set_peek_off(sk, 5), 0);
	wire_release(w, B);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, A, 10), 0);
	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	WIRE_EQ(w, READ_ONCE(sk->sk_peek_off), -1);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, A, 10), -EAGAIN);
	WIRE_EQ(w, poll_end(w, A), EPOLLOUT | EPOLLWRNORM);
	wire_transfer(w, A, 3000, 1000);
}

/* How often the first life's text was sent again is nothing to the second: not its RTO, nor when it gives up. */
static void connect__again_is_as_patient(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 4000);
	WIRE_EQ(w, wire_xs(w, A)->retransmits > 3, true);
	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	WIRE_EQ(w, wire_info(w, A).tcpi_backoff, 0);
	wire_epoch(w);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 4000), 0);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT -> S 0 -> x\n"
		    "1.000 SYN_SENT -> S 0 -> x\n"
		    "3.000 SYN_SENT -> S 0 -> x\n");
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 4000);
}

/* TCP_SAVED_SYN is of the connection that there is. */
static void connect__again_without_the_saved_syn(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_SAVE_SYN, 1), 0);
	wire_connected(test);
	KUNIT_EXPECT_NOT_NULL(test, wire_xs(w, B)->own->saved_syn);
	WIRE_EQ(w, call_disconnect(w->side[B].sock), 0);
	KUNIT_EXPECT_NULL(test, wire_xs(w, B)->own->saved_syn);
}

static void listen__on_a_connection(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, kernel_listen(w->side[A].sock, 1), -EINVAL);
}

static void accept__not_listening(struct kunit *test)
{
	struct wire *w = test->priv;
	struct socket *child;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, kernel_accept(w->side[A].sock, &child, O_NONBLOCK), -EINVAL);
}

static void accept__nothing_there(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 1), 0);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
}

static void accept__blocks_until_one_is_there(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, kernel_accept(w->side[B].listener, &w->side[B].sock, 0), 0);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 30);
}

static void accept__so_rcvtimeo(struct kunit *test)
{
	struct wire *w = test->priv;
	struct socket *child;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_epoch(w);
	w->side[B].listener->sk->sk_rcvtimeo = HZ;
	WIRE_EQ(w, kernel_accept(w->side[B].listener, &child, 0), -EAGAIN);
	WIRE_EQ(w, wire_now_us(w) >= 1000000 && wire_now_us(w) < 1100000, true);
}

/* No more connections; those that wait are reset. */
static void shutdown__of_a_listener(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, kernel_sock_shutdown(w->side[B].listener, SHUT_RDWR), 0);
	WIRE_EQ(w, wire_connect(w, A), -ECONNREFUSED);
}

static void shutdown__not_connected(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_RDWR), -ENOTCONN);
}

/* First come, first served. */
static void accept__in_order(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	for (i = 1; i <= 3; i++) {
		WIRE_EQ(w, wire_client(w, i), 0);
		wire_run_ms(w, 50);
	}
	for (i = 1; i <= 3; i++) {
		WIRE_EQ(w, wire_accept(w, B), 0);
		WIRE_EQ(w, ntohs(inet_sk(w->side[B].sock->sk)->inet_dport), WIRE_PORT_A + i);
	}
}

/* Text and FIN may be there before accept(). */
static void accept__after_the_client_left(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_release(w, A);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), 0);
}

/* Reset in the queue: accept() still gives it out, to tell of the error. */
static void accept__after_rst(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 100), -ECONNRESET);
}

static void getname__both_ends(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sockaddr_storage name, address;
	int len = wire_sockaddr(w, B, 0, &address);

	WIRE_EQ(w, kernel_getsockname(w->side[B].sock, (struct sockaddr *)&name), len);
	KUNIT_EXPECT_MEMEQ(test, &name, &address, len);
	wire_sockaddr(w, A, 0, &address);
	WIRE_EQ(w, kernel_getpeername(w->side[B].sock, (struct sockaddr *)&name), len);
	KUNIT_EXPECT_MEMEQ(test, &name, &address, len);
}

/* --- poll() --------------------------------------------------------------- */

static void poll__listener(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, poll_sock(w->side[B].listener), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, poll_sock(w->side[B].listener), EPOLLIN | EPOLLRDNORM);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, poll_sock(w->side[B].listener), 0);
}

static void poll__connecting(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, poll_end(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, poll_end(w, A), EPOLLOUT | EPOLLWRNORM);
}

static void poll__refused(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, poll_end(w, A) & (EPOLLERR | EPOLLHUP | EPOLLOUT),
		EPOLLERR | EPOLLHUP | EPOLLOUT);
}

static void poll__text(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, poll_end(w, B), EPOLLOUT | EPOLLWRNORM);
	WIRE_EQ(w, wire_send(w, A, 1), 1);
	wire_run_ms(w, 50);
	WIRE_EQ(w, poll_end(w, B), EPOLLOUT | EPOLLWRNORM | EPOLLIN | EPOLLRDNORM);
	WIRE_EQ(w, wire_recv(w, B, 10), 1);
	WIRE_EQ(w, poll_end(w, B), EPOLLOUT | EPOLLWRNORM);
}

/* Out of order is nothing to read yet. */
static void poll__out_of_order(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 2000), 2000);
	wire_run_ms(w, 50);
	WIRE_EQ(w, poll_end(w, B) & EPOLLIN, 0);
}

static void poll__fin(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, poll_end(w, B),
		EPOLLOUT | EPOLLWRNORM | EPOLLIN | EPOLLRDNORM | EPOLLRDHUP);
	WIRE_EQ(w, wire_shutdown(w, B, SHUT_WR), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, poll_end(w, B) & EPOLLHUP, EPOLLHUP);
}

/* One who polls, and what happens while he is put on the list of those to wake. */
struct poller {
	poll_table table;
	struct wire *w;
};

static void fin_arrives(struct file *file, wait_queue_head_t *queue, poll_table *table)
{
	struct wire *w = container_of(table, struct poller, table)->w;

	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 50);
}

/* Whom the FIN could not wake yet sees it. */
static void poll__fin_before_anyone_waits(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct poller poller = { .w = w };
	struct socket *sock = w->side[B].sock;

	init_poll_funcptr(&poller.table, fin_arrives);
	WIRE_EQ(w, sock->ops->poll(NULL, sock, &poller.table),
		EPOLLOUT | EPOLLWRNORM | EPOLLIN | EPOLLRDNORM | EPOLLRDHUP);
}

/* Between two looks without a lock someone read on: that is nothing to read. */
static void poll__read_meanwhile(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct xtcp_sock *xs = wire_xs(w, B);

	WRITE_ONCE(xs->rcv.copied_seq, xs->tcb.rcv_nxt + 5);
	WIRE_EQ(w, poll_end(w, B), EPOLLOUT | EPOLLWRNORM);
	WIRE_EQ(w, xtcp_unread(w->side[B].sock->sk), 0);
	WRITE_ONCE(xs->rcv.copied_seq, xs->tcb.rcv_nxt);
}

static unsigned int woken;

static void count_woken(struct sock *sk)
{
	woken++;
}

static int set_lowat(struct wire *w, int octets)
{
	return wire_option(w, B, SOL_SOCKET, SO_RCVLOWAT, octets);
}

/* Not for less than the user asked for; and then once. */
static void lowat__wakes_when_it_is_reached(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[B].sock->sk;
	void (*ready)(struct sock *sk) = sk->sk_data_ready;
	unsigned int i;

	WIRE_EQ(w, set_lowat(w, 100), 0);
	woken = 0;
	WRITE_ONCE(sk->sk_data_ready, count_woken);
	for (i = 1; i <= 3; i++) {
		WIRE_EQ(w, wire_send(w, A, 40), 40);
		wire_run_ms(w, 50);
		WIRE_EQ(w, woken, i / 3);
		WIRE_EQ(w, poll_end(w, B) & EPOLLIN, i == 3 ? EPOLLIN : 0);
	}
	WRITE_ONCE(sk->sk_data_ready, ready);
}

/* Who lowers it below what is there need not wait for the next segment. */
static void lowat__lowered(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[B].sock->sk;
	void (*ready)(struct sock *sk) = sk->sk_data_ready;

	WIRE_EQ(w, set_lowat(w, 100), 0);
	WIRE_EQ(w, wire_send(w, A, 40), 40);
	wire_run_ms(w, 50);
	woken = 0;
	WRITE_ONCE(sk->sk_data_ready, count_woken);
	WIRE_EQ(w, set_lowat(w, 41), 0);
	WIRE_EQ(w, woken, 0);
	WIRE_EQ(w, set_lowat(w, 40), 0);
	WIRE_EQ(w, woken, 1);
	WRITE_ONCE(sk->sk_data_ready, ready);
}

/* The part that a recv() took already counts: it waits for the rest, not for as much again. */
static void lowat__of_a_recv_that_has_a_part(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u8 text[200];

	WIRE_EQ(w, set_lowat(w, 100), 0);
	w->side[B].sock->sk->sk_rcvtimeo = HZ;
	WIRE_EQ(w, wire_send(w, A, 70), 70);
	wire_run_ms(w, 50);
	wire_epoch(w);
	WIRE_EQ(w, wire_send(w, A, 40), 40);
	WIRE_EQ(w, recv_flags(w, B, text, 200, 0), 110);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_now_us(w), 1000), 10);
}

/* No more can come before some is read: that is enough, whatever was asked for. */
static void lowat__above_what_fits(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 8192), 0);
	wire_connected(test);
	WIRE_EQ(w, set_lowat(w, INT_MAX), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 3000), 0);
	/* What was announced before still fits. */
	WIRE_EQ(w, wire_send(w, A, 8000), 8000);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 8000), 8000);
	WIRE_EQ(w, wire_send(w, A, 500), 500);
	wire_run_ms(w, 50);
	WIRE_EQ(w, poll_end(w, B) & EPOLLIN, 0);
	WIRE_EQ(w, wire_send(w, A, 20000) > 0, true);
	wire_run_ms(w, 2000);
	WIRE_EQ(w, (int)xtcp_unread(w->side[B].sock->sk) < w->side[B].sock->sk->sk_rcvlowat,
		true);
	WIRE_EQ(w, poll_end(w, B) & EPOLLIN, EPOLLIN);
}

/* A buffer that the user did not fix grows with it, as far as autotuning may go. */
static void lowat__makes_room(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk;

	wire_knob(w, rmem_max, 1000000);
	wire_connected(test);
	sk = w->side[B].sock->sk;
	WIRE_EQ(w, set_lowat(w, 0), 0);
	WIRE_EQ(w, sk->sk_rcvlowat, 1);
	WIRE_EQ(w, set_lowat(w, 200000), 0);
	WIRE_EQ(w, sk->sk_rcvlowat, 200000);
	WIRE_EQ(w, sk->sk_rcvbuf, 400000);
	WIRE_EQ(w, set_lowat(w, 100), 0);
	WIRE_EQ(w, sk->sk_rcvbuf, 400000);
	WIRE_EQ(w, set_lowat(w, INT_MAX), 0);
	WIRE_EQ(w, sk->sk_rcvlowat, 500000);
	WIRE_EQ(w, sk->sk_rcvbuf, 1000000);
	/* What the user fixed stays. */
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 50000), 0);
	WIRE_EQ(w, set_lowat(w, 200000), 0);
	WIRE_EQ(w, sk->sk_rcvlowat, 50000);
	WIRE_EQ(w, sk->sk_rcvbuf, 100000);
}

static void poll__reset(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_inject(w, A, XTCP_RST, .seq = 1);
	WIRE_EQ(w, poll_end(w, B) & (EPOLLERR | EPOLLHUP | EPOLLIN | EPOLLRDHUP),
		EPOLLERR | EPOLLHUP | EPOLLIN | EPOLLRDHUP);
}

/* --- options -------------------------------------------------------------- */

static void option__ranges(struct kunit *test)
{
	static const struct {
		int name, value, err;
	} rows[] = {
		{ TCP_SYNCNT, 1, 0 }, { TCP_SYNCNT, 127, 0 },
		{ TCP_SYNCNT, 0, -EINVAL }, { TCP_SYNCNT, 128, -EINVAL },
		{ TCP_KEEPIDLE, 1, 0 }, { TCP_KEEPIDLE, 32767, 0 },
		{ TCP_KEEPIDLE, 0, -EINVAL }, { TCP_KEEPIDLE, -1, -EINVAL },
		{ TCP_KEEPINTVL, 1, 0 }, { TCP_KEEPINTVL, 0, -EINVAL },
		{ TCP_KEEPCNT, 127, 0 }, { TCP_KEEPCNT, 0, -EINVAL },
		{ TCP_KEEPCNT, 128, -EINVAL },
		{ TCP_USER_TIMEOUT, 0, 0 }, { TCP_USER_TIMEOUT, -1, -EINVAL },
		{ TCP_MAXSEG, 536, 0 }, { TCP_MAXSEG, 10, -EINVAL },
		{ TCP_MAXSEG, 70000, -EINVAL },
		{ TCP_NODELAY, 1, 0 }, { TCP_CORK, 0, 0 }, { TCP_LINGER2, -1, 0 },
		{ 9999, 1, -ENOPROTOOPT },
	};
	struct wire *w = test->priv;
	unsigned int i;

	WIRE_EQ(w, wire_socket(w, A), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, wire_option(w, A, SOL_TCP, rows[i].name,
						      rows[i].value),
				    rows[i].err, "option %d value %d", rows[i].name,
				    rows[i].value);
}

static void option__inherited_from_listener(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_USER_TIMEOUT, 1234), 0);
	wire_connected(test);
	WIRE_EQ(w, wire_xs(w, B)->snd.nodelay, 1);
	WIRE_EQ(w, wire_xs(w, B)->own->user_timeout_ms, 1234);
}

/* --- what few sockets have ---------------------------------------------------- */

static const struct xtcp_own *own_of(const struct socket *sock)
{
	return xtcp_sk(sock->sk)->own;
}

static void own__made_when_something_is_kept(struct kunit *test)
{
	struct wire *w = test->priv;
	const struct xtcp_own *own;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, own_of(w->side[A].sock) == &xtcp_own_none, true);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 1234), 0);
	own = own_of(w->side[A].sock);
	WIRE_EQ(w, own != &xtcp_own_none, true);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_SYN_RETRIES, 3), 0);
	WIRE_EQ(w, own_of(w->side[A].sock) == own, true);
	WIRE_EQ(w, own->user_timeout_ms, 1234);
	WIRE_EQ(w, own->knobs.syn_retries, 3);
	WIRE_EQ(w, own->knobs.rto_max_ms, XTCP_OWN_UNSET);
}

static void own__without_memory(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_socket(w, A), 0);
	xtcp_own_no_memory = true;
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 1234), -ENOMEM);
	WIRE_EQ(w, wire_option(w, A, SOL_XTCP, XTCP_MSL_MS, 1000), -ENOMEM);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	xtcp_own_no_memory = false;
	WIRE_EQ(w, own_of(w->side[A].sock) == &xtcp_own_none, true);
	WIRE_EQ(w, xtcp_sk(w->side[A].sock->sk)->time_wait_queue, 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 1234), 0);
	xtcp_own_no_memory = true;
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_USER_TIMEOUT, 4321), 0);
	xtcp_own_no_memory = false;
	WIRE_EQ(w, own_of(w->side[A].sock)->user_timeout_ms, 4321);
}

/* A copy, not the same: what the one sets later is not the other's. */
static void own__of_a_child(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_USER_TIMEOUT, 1234), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, own_of(w->side[B].sock) != own_of(w->side[B].listener), true);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_USER_TIMEOUT, 4321), 0);
	WIRE_EQ(w, own_of(w->side[B].sock)->user_timeout_ms, 4321);
	WIRE_EQ(w, own_of(w->side[B].listener)->user_timeout_ms, 1234);
}

/* Of a listener that has none, or one in which nothing is set any more. */
static void own__of_a_child_is_none(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_USER_TIMEOUT, 1234), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_USER_TIMEOUT, 0), 0);
	wire_connected(test);
	WIRE_EQ(w, own_of(w->side[A].sock) == &xtcp_own_none, true);
	WIRE_EQ(w, own_of(w->side[B].sock) == &xtcp_own_none, true);
}

static void own__no_memory_to_listen(struct kunit *test)
{
	struct wire *w = test->priv;

	xtcp_own_no_memory = true;
	WIRE_EQ(w, wire_listen(w, B, 8), -ENOMEM);
	xtcp_own_no_memory = false;
	WIRE_EQ(w, kernel_listen(w->side[B].listener, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	/* A listener has one; a child of it needs none. */
	WIRE_EQ(w, own_of(w->side[B].sock) == &xtcp_own_none, true);
}

/* Then there is no child yet, as without memory for the socket: the SYN-ACK comes again. */
static void own__no_memory_for_a_child(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_USER_TIMEOUT, 1234), 0);
	xtcp_own_no_memory = true;
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 500);
	xtcp_own_no_memory = false;
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, own_of(w->side[B].sock)->user_timeout_ms, 1234);
}

static void option__keepalive_of_the_socket(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_KEEPIDLE, 5), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_KEEPINTVL, 2), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_KEEPCNT, 2), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_epoch(w);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_run_ms(w, 8999);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EXPECT(w,
		    "5.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "9.000 x <- R. 1 ack 1 <- CLOSED\n");
}

/* What is delayed goes at once, and so does what is next. */
static void option__quickack(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_QUICKACK, 0), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 15);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_QUICKACK, 1), 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 15);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 2);
	/* Nothing to tell: nothing is sent. */
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_QUICKACK, 1), 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 2);
}

/* Where the last segment came in: CPU, NAPI, receive flow. */
static void option__where_it_came_in(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_segment *seg;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_get_option(w, A, SOL_SOCKET, SO_INCOMING_CPU), -1);
	wire_connected(test);
	WRITE_ONCE(w->side[B].sock->sk->sk_incoming_cpu, -1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	seg = list_last_entry(&w->segments, struct wire_segment, link);
#ifdef CONFIG_NET_RX_BUSY_POLL
	seg->skb->napi_id = 12345;
#endif
	__skb_set_hash(seg->skb, 54321, false, true);
	wire_run_ms(w, 50);
	/* UML has one CPU only. */
	WIRE_EQ(w, wire_get_option(w, A, SOL_SOCKET, SO_INCOMING_CPU), raw_smp_processor_id());
	WIRE_EQ(w, wire_get_option(w, B, SOL_SOCKET, SO_INCOMING_CPU), raw_smp_processor_id());
#ifdef CONFIG_NET_RX_BUSY_POLL
	WIRE_EQ(w, wire_get_option(w, B, SOL_SOCKET, SO_INCOMING_NAPI_ID), 12345);
#endif
#ifdef CONFIG_RPS
	WIRE_EQ(w, w->side[B].sock->sk->sk_rxhash, 54321);
#endif
}

/* A listener's is its user's to set; segments do not change it. */
static void option__cpu_of_a_listener(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_INCOMING_CPU, 77), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_get_option(w, B, SOL_SOCKET, SO_INCOMING_CPU), 77);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_get_option(w, B, SOL_SOCKET, SO_INCOMING_CPU), raw_smp_processor_id());
}

static void option__so_error_and_protocol(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_get_option(w, A, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	WIRE_EQ(w, wire_get_option(w, A, SOL_SOCKET, SO_ERROR), 0);
	WIRE_EQ(w, wire_get_option(w, A, SOL_SOCKET, SO_PROTOCOL), WIRE_PROTOCOL);
	WIRE_EQ(w, wire_get_option(w, A, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
}

WIRE_SUITES_MAPPED(xtcp_socket_wire,
	KUNIT_CASE_SLOW(queued_text__pins_no_extension),
	KUNIT_CASE_SLOW(backlog__of_the_largest_buffers),
	KUNIT_CASE_SLOW(backlog__full),
	KUNIT_CASE_SLOW(recv__nothing_there),
	KUNIT_CASE_SLOW(recv__piece_by_piece),
	KUNIT_CASE_SLOW(recv__peek_takes_nothing),
	KUNIT_CASE_SLOW(recv__waitall),
	KUNIT_CASE_SLOW(recv__waitall_of_much),
	KUNIT_CASE_SLOW(recv__blocks_until_text),
	KUNIT_CASE_SLOW(recv__so_rcvtimeo),
	KUNIT_CASE_SLOW(recv__end_of_stream),
	KUNIT_CASE_SLOW(recv__after_rst),
	KUNIT_CASE_SLOW(recv__not_connected),
	KUNIT_CASE_SLOW(send__buffer_full),
	KUNIT_CASE_SLOW(notsent_lowat__wakes),
	KUNIT_CASE_SLOW(send__blocks_until_there_is_room),
	KUNIT_CASE_SLOW(send__so_sndtimeo),
	KUNIT_CASE_SLOW(send__blocked_is_told_of_the_end),
	KUNIT_CASE_SLOW(send__reset_meanwhile),
	KUNIT_CASE_SLOW(send__many_pieces),
	KUNIT_CASE_SLOW(send__after_shutdown),
	KUNIT_CASE_SLOW(nodelay__flushes_the_corked),
	KUNIT_CASE_SLOW(send__cork),
	KUNIT_CASE_SLOW(send__msg_more),
	KUNIT_CASE_SLOW(send__msg_more_ends_with_its_call),
	KUNIT_CASE_SLOW(send__msg_more_and_cork),
	KUNIT_CASE_SLOW(send__end_of_record),
	KUNIT_CASE_SLOW(send__end_of_record_is_lost),
	KUNIT_CASE_SLOW(send__bad_control_message),
	KUNIT_CASE_SLOW(send__control_of_device_memory),
	KUNIT_CASE_SLOW(bypass__is_not_short),
	KUNIT_CASE_SLOW(send__nothing),
	KUNIT_CASE_SLOW(connect__twice),
	KUNIT_CASE_SLOW(connect__while_connecting),
	KUNIT_CASE_SLOW(connect__of_a_listener),
	KUNIT_CASE_SLOW(connect__programs_see_whole_addresses),
	KUNIT_CASE_SLOW(connect__no_way_from_its_port),
	KUNIT_CASE_SLOW(connect__port_is_at_all_addresses_again),
	KUNIT_CASE_SLOW(connect__af_unspec_disconnects),
	KUNIT_CASE_SLOW(connect__af_unspec_gives_the_page_back),
	KUNIT_CASE_SLOW(connect__again_after_the_end),
	KUNIT_CASE_SLOW(connect__again_is_as_patient),
	KUNIT_CASE_SLOW(connect__again_without_the_saved_syn),
	KUNIT_CASE_SLOW(listen__on_a_connection),
	KUNIT_CASE_SLOW(accept__not_listening),
	KUNIT_CASE_SLOW(accept__nothing_there),
	KUNIT_CASE_SLOW(accept__blocks_until_one_is_there),
	KUNIT_CASE_SLOW(accept__so_rcvtimeo),
	KUNIT_CASE_SLOW(shutdown__of_a_listener),
	KUNIT_CASE_SLOW(shutdown__not_connected),
	KUNIT_CASE_SLOW(accept__in_order),
	KUNIT_CASE_SLOW(accept__after_the_client_left),
	KUNIT_CASE_SLOW(accept__after_rst),
	KUNIT_CASE_SLOW(getname__both_ends),
	KUNIT_CASE_SLOW(poll__listener),
	KUNIT_CASE_SLOW(poll__connecting),
	KUNIT_CASE_SLOW(poll__refused),
	KUNIT_CASE_SLOW(poll__text),
	KUNIT_CASE_SLOW(poll__out_of_order),
	KUNIT_CASE_SLOW(poll__fin),
	KUNIT_CASE_SLOW(poll__fin_before_anyone_waits),
	KUNIT_CASE_SLOW(poll__read_meanwhile),
	KUNIT_CASE_SLOW(lowat__wakes_when_it_is_reached),
	KUNIT_CASE_SLOW(lowat__lowered),
	KUNIT_CASE_SLOW(lowat__of_a_recv_that_has_a_part),
	KUNIT_CASE_SLOW(lowat__above_what_fits),
	KUNIT_CASE_SLOW(lowat__makes_room),
	KUNIT_CASE_SLOW(poll__reset),
	KUNIT_CASE_SLOW(option__ranges),
	KUNIT_CASE_SLOW(option__inherited_from_listener),
	KUNIT_CASE_SLOW(own__made_when_something_is_kept),
	KUNIT_CASE_SLOW(own__without_memory),
	KUNIT_CASE_SLOW(own__of_a_child),
	KUNIT_CASE_SLOW(own__of_a_child_is_none),
	KUNIT_CASE_SLOW(own__no_memory_to_listen),
	KUNIT_CASE_SLOW(own__no_memory_for_a_child),
	KUNIT_CASE_SLOW(option__where_it_came_in),
	KUNIT_CASE_SLOW(option__cpu_of_a_listener),
	KUNIT_CASE_SLOW(option__quickack),
	KUNIT_CASE_SLOW(option__keepalive_of_the_socket),
	KUNIT_CASE_SLOW(option__so_error_and_protocol),
	{ }
);
