// SPDX-License-Identifier: GPL-2.0
/* wire/icmp.c: what routers say, and what they may not bring about (RFC 5927). */

#include <linux/errqueue.h>
#include <linux/tcp.h>
#include "../wire.h"

/* A's SYN is out and lost. */
static struct wire *connecting(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	return w;
}

static void syn_sent__host_unreachable(struct kunit *test)
{
	struct wire *w = connecting(test);

	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 0);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), EHOSTUNREACH);
}

static void syn_sent__port_unreachable(struct kunit *test)
{
	struct wire *w = connecting(test);

	wire_icmp(w, A, WIRE_PORT_UNREACHABLE, 0);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ECONNREFUSED);
}

static void syn_sent__net_unreachable(struct kunit *test)
{
	struct wire *w = connecting(test);

	wire_icmp(w, A, WIRE_NET_UNREACHABLE, 0);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ENETUNREACH);
}

/* As tables of the kernel have it: not the same in both families. */
static void syn_sent__prohibited(struct kunit *test)
{
	struct wire *w = connecting(test);

	wire_icmp(w, A, WIRE_PROHIBITED, 0);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), wire_is_ipv6(w) ? EACCES : EHOSTUNREACH);
}

/* RFC 5927 4.1: it quotes a sequence number that is not out: a blind attack. */
static void syn_sent__wrong_sequence_number(struct kunit *test)
{
	struct wire *w = connecting(test);

	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 5);
	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, -1);
	WIRE_STATE(w, A, SYN_SENT);
	WIRE_EQ(w, wire_error(w, A), 0);
}

/* A soft error (RFC 1122 4.2.3.9): the route may come back. */
static void established__unreachable_is_a_hint(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 1);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_error(w, A), 0);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* RFC 5927 5: not even a "hard" one ends a connection. */
static void established__port_unreachable_is_a_hint(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_icmp(w, A, WIRE_PORT_UNREACHABLE, 1);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* When it gives up after all, the hint is the better reason. */
static void established__hint_is_the_error_in_the_end(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_knob(w, retries2, 2);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 1);
	wire_run_ms(w, 2000);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), EHOSTUNREACH);
}

static void ask_for_errors(struct wire *w)
{
	if (wire_is_ipv6(w))
		WIRE_EQ(w, wire_option(w, A, SOL_IPV6, IPV6_RECVERR, 1), 0);
	else
		WIRE_EQ(w, wire_option(w, A, SOL_IP, IP_RECVERR, 1), 0);
}

/* Who asked hears of it at once, each time; by the error, not by the error queue (ip(7)). */
static void established__who_asked_is_told(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[A].sock->sk;

	ask_for_errors(w);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 1);
	WIRE_EQ(w, wire_error(w, A), EHOSTUNREACH);
	wire_icmp(w, A, WIRE_PORT_UNREACHABLE, 1);
	WIRE_EQ(w, wire_error(w, A), ECONNREFUSED);
	WIRE_EQ(w, skb_queue_empty(&sk->sk_error_queue), true);
	WIRE_STATE(w, A, ESTABLISHED);
	/* Of what was never sent there is nothing to tell. */
	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 5000);
	WIRE_EQ(w, wire_error(w, A), 0);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* Of an attempt the queue tells: which peer's port, and of which segment. */
static void syn_sent__message(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock_exterr_skb *serr;
	struct sk_buff *skb;

	WIRE_EQ(w, wire_socket(w, A), 0);
	ask_for_errors(w);
	connecting(test);
	wire_icmp(w, A, WIRE_PORT_UNREACHABLE, 0);
	WIRE_EQ(w, wire_error(w, A), ECONNREFUSED);
	skb = skb_peek(&w->side[A].sock->sk->sk_error_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	serr = SKB_EXT_ERR(skb);
	WIRE_EQ(w, serr->ee.ee_errno, ECONNREFUSED);
	WIRE_EQ(w, ntohs(serr->port), WIRE_PORT_B);
	WIRE_EQ(w, ntohs(((struct tcphdr *)skb->data)->dest), WIRE_PORT_B);
}

/* The SYN fits anywhere: nothing is sent again for that, and the segments after it fit, too. */
static void syn_sent__too_big(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, A, WIRE_SYN, 1, 1);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_icmp_too_big(w, A, 0, 1228);
	WIRE_STATE(w, A, SYN_SENT);
	WIRE_EQ(w, wire_count(w, A, WIRE_ANY), 1);
	WIRE_EQ(w, wire_xs(w, A)->cong.phase, XTCP_CONG_OPEN);
	wire_run_ms(w, 1100);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 1228);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 5000, 1000);
}

/* B has a connection half open, and A hears nothing of it. */
static struct wire *half_open(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	WIRE_EQ(w, atomic_read(&w->xn->requests), 1);
	return w;
}

/* As with the kernel's TCP: not the same in both families. */
/* Of this connection only: why the next one of the socket ends is another matter. */
static void established__hint_is_forgotten_with_it(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 1);
	WIRE_EQ(w, READ_ONCE(w->side[A].sock->sk->sk_err_soft), EHOSTUNREACH);
	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_knob(w, syn_retries, 1);
	WIRE_EQ(w, wire_connect(w, A), -ETIMEDOUT);
}

static void request__some_errors_drop_it(struct kunit *test)
{
	struct wire *w = half_open(test);
	enum wire_icmp what = wire_is_ipv6(w) ? WIRE_PROHIBITED : WIRE_HOST_UNREACHABLE;

	wire_icmp(w, B, what, 7);
	WIRE_EQ(w, atomic_read(&w->xn->requests), 1);
	wire_icmp(w, B, what, 0);
	WIRE_EQ(w, atomic_read(&w->xn->requests), 0);
}

static void request__other_errors_pass(struct kunit *test)
{
	struct wire *w = half_open(test);

	wire_icmp(w, B, wire_is_ipv6(w) ? WIRE_HOST_UNREACHABLE : WIRE_PORT_UNREACHABLE, 0);
	wire_icmp(w, B, wire_is_ipv6(w) ? WIRE_NET_UNREACHABLE : WIRE_PROHIBITED, 0);
	WIRE_EQ(w, atomic_read(&w->xn->requests), 1);
}

/* B8: the path is narrower than the first link: smaller segments, at once. */
static void too_big__sends_smaller_segments(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	wire_connected(test);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 1300), 1300);
	wire_run_ms(w, 5);
	wire_icmp_too_big(w, A, 1, 1228);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:1301 ack 1    -> x\n"
		    "0.005 ESTABLISHED -> . 1:1229 ack 1     -> ESTABLISHED\n"
		    "0.005 ESTABLISHED -> P. 1229:1301 ack 1 -> ESTABLISHED\n"
		    "0.015 ESTABLISHED <- . 1 ack 1229       <- ESTABLISHED\n"
		    "0.015 ESTABLISHED <- . 1 ack 1301       <- ESTABLISHED\n");
	WIRE_EQ(w, wire_recv(w, B, 2000), 1300);
}

/* What a router says while the user has the socket is carried out when he lets go. */
static void too_big__beside_the_user(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk;
	unsigned int sent;

	wire_path(w, 1300);
	wire_connected(test);
	sk = w->side[A].sock->sk;
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 1300), 1300);
	sent = wire_count(w, A, WIRE_DATA);
	lock_sock(sk);
	wire_icmp_too_big(w, A, 1, 1228);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 1300);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA) - sent, 0);
	release_sock(sk);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 1228);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA) - sent, 2);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1300);
}

/* The attempt goes on: what he does with it meanwhile is not taken away from him. */
static void syn_sent__unreachable_beside_the_user(struct kunit *test)
{
	struct wire *w = connecting(test);
	struct sock *sk = w->side[A].sock->sk;

	lock_sock(sk);
	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 0);
	WIRE_STATE(w, A, SYN_SENT);
	release_sock(sk);
	WIRE_STATE(w, A, SYN_SENT);
	WIRE_EQ(w, READ_ONCE(sk->sk_err_soft), EHOSTUNREACH);
	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 0);
	WIRE_STATE(w, A, CLOSED);
}

static void too_big__wrong_sequence_number(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	wire_connected(test);
	wire_icmp_too_big(w, A, 5000, 1228);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 1300);
}

static void discover_mtu(struct wire *w, enum wire_end end, int how)
{
	if (wire_is_ipv6(w))
		WIRE_EQ(w, wire_option(w, end, SOL_IPV6, IPV6_MTU_DISCOVER, how), 0);
	else
		WIRE_EQ(w, wire_option(w, end, SOL_IP, IP_MTU_DISCOVER, how), 0);
}

/* Who does not want to hear of path MTUs does not (IP_MTU_DISCOVER). */
static void too_big__not_for_all(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	wire_connected(test);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	discover_mtu(w, A, IP_PMTUDISC_INTERFACE);
	wire_icmp_too_big(w, A, 1, 1228);
	discover_mtu(w, A, IP_PMTUDISC_OMIT);
	wire_icmp_too_big(w, A, 1, 1228);
	if (!wire_is_ipv6(w)) {
		discover_mtu(w, A, IP_PMTUDISC_DONT);
		wire_icmp_too_big(w, A, 1, 1228);
	}
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 1300);
	discover_mtu(w, A, IP_PMTUDISC_WANT);
	wire_icmp_too_big(w, A, 1, 1228);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 1228);
}

static int send_zeros(struct socket *sock, unsigned int n)
{
	struct kvec vec = { .iov_base = kzalloc(n, GFP_KERNEL), .iov_len = n };
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };
	int sent = vec.iov_base ? kernel_sendmsg(sock, &msg, &vec, 1, n) : -ENOMEM;

	kfree(vec.iov_base);
	return sent;
}

/* What one connection learned holds for the next segment of every other one. */
static void too_big__known_to_all(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 out;

	wire_path(w, 1300);
	wire_establish(w);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_icmp_too_big(w, A, 1, 1228);
	wire_run_ms(w, 200);
	out = wire_counter(XTCP_CNT_OUT_SEGS);
	WIRE_EQ(w, send_zeros(w->client[1], 1300), 1300);
	WIRE_EQ(w, wire_counter(XTCP_CNT_OUT_SEGS) - out, 2);
}

/* Also when it is the persist timer that sends: what is corked waits for no ACK. */
static void too_big__known_to_the_persist_timer(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	wire_establish(w);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 50);
	swap(w->side[A].sock, w->client[1]);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_CORK, 1), 0);
	swap(w->side[A].sock, w->client[1]);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, send_zeros(w->client[1], 1290), 1290);
	wire_icmp_too_big(w, A, 1, 1228);
	wire_run_ms(w, 100);
	wire_epoch(w);
	wire_run_ms(w, 150);
	WIRE_EXPECT(w,
		    "0.100 ESTABLISHED -> #1 . 1:1229 ack 1 -> ESTABLISHED\n"
		    "0.111 ESTABLISHED <- #1 . 1 ack 1229   <- ESTABLISHED\n");
}

static void obey_numbers(void *unused)
{
	init_net.ipv4.sysctl_ip_no_pmtu_disc = 0;
}

/*
 * With ip_no_pmtu_disc 1 the number in it is not believed: the least there is does for any
 * path. Whether the user has the socket just then is all the same.
 */
static void too_big__without_a_number(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk;

	if (wire_is_ipv6(w))
		kunit_skip(test, "of IPv4");
	wire_path(w, 1300);
	wire_connected(test);
	sk = w->side[A].sock->sk;
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, obey_numbers, NULL), 0);
	init_net.ipv4.sysctl_ip_no_pmtu_disc = 1;
	lock_sock(sk);
	wire_icmp_too_big(w, A, 1, 1228);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss, 1300);
	release_sock(sk);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss < 600, true);
	/* It was carried out, and is no news at the next call. */
	WIRE_EQ(w, wire_xs(w, A)->pmtu_deferred, 0);
}

/* No smaller than net.ipv4.route.min_pmtu or RFC 8200 5 allow, whatever the router says. */
static void too_big__not_absurdly_small(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_path(w, 1300);
	wire_connected(test);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_icmp_too_big(w, A, 1, 16);
	WIRE_EQ(w, wire_xs(w, A)->snd.mss >= 500, true);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_transfer(w, A, 5000, 1000);
}

WIRE_SUITES_MAPPED(xtcp_icmp_wire,
	KUNIT_CASE_SLOW(syn_sent__host_unreachable),
	KUNIT_CASE_SLOW(syn_sent__port_unreachable),
	KUNIT_CASE_SLOW(syn_sent__net_unreachable),
	KUNIT_CASE_SLOW(syn_sent__prohibited),
	KUNIT_CASE_SLOW(syn_sent__wrong_sequence_number),
	KUNIT_CASE_SLOW(established__unreachable_is_a_hint),
	KUNIT_CASE_SLOW(established__port_unreachable_is_a_hint),
	KUNIT_CASE_SLOW(established__hint_is_the_error_in_the_end),
	KUNIT_CASE_SLOW(established__hint_is_forgotten_with_it),
	KUNIT_CASE_SLOW(established__who_asked_is_told),
	KUNIT_CASE_SLOW(syn_sent__message),
	KUNIT_CASE_SLOW(syn_sent__too_big),
	KUNIT_CASE_SLOW(request__some_errors_drop_it),
	KUNIT_CASE_SLOW(request__other_errors_pass),
	KUNIT_CASE_SLOW(too_big__sends_smaller_segments),
	KUNIT_CASE_SLOW(syn_sent__unreachable_beside_the_user),
	KUNIT_CASE_SLOW(too_big__beside_the_user),
	KUNIT_CASE_SLOW(too_big__wrong_sequence_number),
	KUNIT_CASE_SLOW(too_big__not_for_all),
	KUNIT_CASE_SLOW(too_big__known_to_all),
	KUNIT_CASE_SLOW(too_big__known_to_the_persist_timer),
	KUNIT_CASE_SLOW(too_big__without_a_number),
	KUNIT_CASE_SLOW(too_big__not_absurdly_small),
	{ }
);
