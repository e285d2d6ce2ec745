// SPDX-License-Identifier: GPL-2.0
/*
 * What a segment was found for has become something else before the segment gets
 * there. A user who holds the socket's lock makes the moment between as long as
 * the test likes: the segment waits in the backlog.
 */

#include <linux/net.h>
#include <linux/tcp.h>
#include <xtcp/child.h>
#include <xtcp/cookie.h>
#include <xtcp/end.h>
#include <xtcp/header.h>
#include <xtcp/listen.h>
#include <xtcp/listener.h>
#include <xtcp/request.h>
#include "../wire.h"
#include "../wire_ip.h"

/* A and B are connected; A's lock is ours, and a segment of the kind @ctl waits for it. */
static struct sock *with_segment_waiting(struct wire *w, u8 ctl)
{
	struct sock *sk;

	wire_establish(w);
	wire_unlisten(w, B);
	sk = w->side[A].sock->sk;
	lock_sock(sk);
	wire_inject(w, B, ctl, .seq = 1, .ack = 1, .len = ctl & XTCP_SYN ? 0 : 100);
	WIRE_EQ(w, !!sk->sk_backlog.tail, true);
	return sk;
}

static void moved__segment_meets_listener(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk = with_segment_waiting(w, XTCP_SYN);
	u64 moved = wire_counter(XTCP_DROP_MOVED);

	WIRE_EQ(w, sk->sk_prot->disconnect(sk, 0), 0);
	WIRE_EQ(w, xtcp_listen_start(sk, 1), 0);
	release_sock(sk);
	WIRE_EQ(w, sk->sk_state, TCP_LISTEN);
	WIRE_EQ(w, wire_counter(XTCP_DROP_MOVED) - moved, 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_SYN_ACK), 0);
}

/* Neither its ACK nor its text says anything about the connection that begins. */
static void moved__segment_meets_next_connection(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk = with_segment_waiting(w, XTCP_ACK);
	u64 moved = wire_counter(XTCP_DROP_MOVED);
	struct sockaddr_storage to;
	int len = wire_sockaddr(w, B, 0, &to);

	WIRE_EQ(w, sk->sk_prot->disconnect(sk, 0), 0);
	((struct sockaddr_in *)&to)->sin_port = htons(WIRE_PORT_B + 1);	/* in6's place, too */
	WIRE_EQ(w, sk->sk_prot->connect(sk, (void *)&to, len), 0);
	release_sock(sk);
	WIRE_EQ(w, sk->sk_state, TCP_SYN_SENT);
	WIRE_EQ(w, wire_counter(XTCP_DROP_MOVED) - moved, 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);	/* of disconnecting */
}

/* The same addresses and ports again: whose segment it is, its numbers say. */
static void moved__same_connection_again(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk = with_segment_waiting(w, XTCP_ACK);
	u64 moved = wire_counter(XTCP_DROP_MOVED);
	u64 refused = wire_counter(XTCP_DROP_ACK_UNACCEPTABLE);
	struct sockaddr_storage to;
	int len = wire_sockaddr(w, B, 0, &to);

	WIRE_EQ(w, sk->sk_prot->disconnect(sk, 0), 0);
	WIRE_EQ(w, sk->sk_prot->connect(sk, (void *)&to, len), 0);
	release_sock(sk);
	WIRE_EQ(w, sk->sk_state, TCP_SYN_SENT);
	WIRE_EQ(w, wire_counter(XTCP_DROP_MOVED) - moved, 0);
	WIRE_EQ(w, wire_counter(XTCP_DROP_ACK_UNACCEPTABLE) - refused, 1);
}

/* Closed, and nothing since: no RST for what the user's own call overtook. */
static void moved__segment_meets_no_one(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *sk = with_segment_waiting(w, XTCP_ACK);
	u64 moved = wire_counter(XTCP_DROP_MOVED);

	WIRE_EQ(w, sk->sk_prot->disconnect(sk, 0), 0);
	release_sock(sk);
	WIRE_EQ(w, sk->sk_state, TCP_CLOSE);
	WIRE_EQ(w, wire_counter(XTCP_DROP_MOVED) - moved, 1);
	WIRE_EQ(w, wire_count(w, A, WIRE_RST), 1);	/* of disconnecting */
}

/* What a segment from A finds, kept as RCU would for so long. */
static struct xtcp_listener *found_listener(struct wire *w, struct wire_key *k)
{
	struct xtcp_listener *l;

	wire_key(w, B, k);
	rcu_read_lock();
	l = xtcp_listener_lookup(&k->key, NULL);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(w->test, l);
	KUNIT_ASSERT_TRUE(w->test, refcount_inc_not_zero(&l->refs));
	sock_hold(l->sk);
	return l;
}

/* Nobody else has it any more. */
static void forget_listener(struct wire *w, struct xtcp_listener *l)
{
	WIRE_EQ(w, l->early_len, 0);
	WIRE_EQ(w, refcount_read(&l->refs), 1);
	sock_put(l->sk);
	xtcp_listener_put(l);
}

static void stop_listening(struct wire *w)
{
	struct sock *sk = w->side[B].listener->sk;

	lock_sock(sk);
	WIRE_EQ(w, sk->sk_prot->disconnect(sk, 0), 0);
	release_sock(sk);
}

/* A has had a cookie from B, whose listener is @l; the segment that brings it back is at hand. */
static struct sk_buff *with_cookie_under_way(struct kunit *test, struct wire_key *k,
					     struct xtcp_listener **l)
{
	struct wire_inject in = { .from = A, .ctl = XTCP_ACK, .seq = 1, .ack = 1 };
	struct wire *w = test->priv;
	struct sk_buff *skb;

	wire_knob(w, syncookies, 2);
	wire_drop(w, A, WIRE_ACK, 1, 1);
	WIRE_EQ(w, wire_listen(w, B, 5), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	*l = found_listener(w, k);
	skb = wire_segment_at_hand(w, &in);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	return skb;
}

static void cookie_comes_back(struct wire *w, struct xtcp_listener *l, struct sk_buff *skb,
			      const struct wire_key *k)
{
	struct xtcp_segment seg;

	xtcp_header_parse(skb, &seg);
	local_bh_disable();
	rcu_read_lock();
	WIRE_EQ(w, xtcp_cookie_ack(l, skb, &k->key, &seg, NULL), true);
	rcu_read_unlock();
	local_bh_enable();
	wire_run_ms(w, 50);
}

/* The child that a cookie makes has no one to accept it: the peer hears of it. */
static void moved__cookie_meets_one_who_stopped(struct kunit *test)
{
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_LISTENER);
	struct wire *w = test->priv;
	struct xtcp_listener *l;
	struct wire_key k;
	struct sk_buff *skb = with_cookie_under_way(test, &k, &l);

	stop_listening(w);
	cookie_comes_back(w, l, skb, &k);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_LISTENER) - aborts, 1);
	WIRE_EQ(w, wire_error(w, A), ECONNRESET);
	forget_listener(w, l);
}

/* Its port may be another's by now, so there is no child: A hears of it when it sends text. */
static void moved__cookie_meets_one_who_closed(struct kunit *test)
{
	u64 opens = wire_counter(XTCP_CNT_PASSIVE_OPENS);
	struct wire *w = test->priv;
	struct xtcp_listener *l;
	struct wire_key k;
	struct sk_buff *skb = with_cookie_under_way(test, &k, &l);

	wire_unlisten(w, B);
	cookie_comes_back(w, l, skb, &k);
	WIRE_EQ(w, wire_count(w, B, WIRE_ANY), 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_PASSIVE_OPENS) - opens, 0);
	forget_listener(w, l);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
	WIRE_EQ(w, wire_error(w, A), ECONNRESET);
}

/* Nor does one of Fast Open stay, or count for the listener. */
static void moved__fast_open_meets_one_who_stopped(struct kunit *test)
{
	struct wire_inject in = { .from = A, .ctl = XTCP_SYN, .len = 100 };
	u64 aborts = wire_counter(XTCP_CNT_ABORT_ON_LISTENER);
	struct wire *w = test->priv;
	struct xtcp_listener *l;
	struct xtcp_segment seg;
	struct sk_buff *skb;
	struct wire_key k;

	wire_knob(w, fastopen, 0x207);		/* without cookies */
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_listen(w, B, 5), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_FASTOPEN, 5), 0);
	l = found_listener(w, &k);
	stop_listening(w);
	skb = wire_segment_at_hand(w, &in);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	xtcp_header_parse(skb, &seg);
	local_bh_disable();
	rcu_read_lock();
	xtcp_listen_syn(l, skb, &k.key, &seg, 0);
	rcu_read_unlock();
	local_bh_enable();
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ABORT_ON_LISTENER) - aborts, 1);
	forget_listener(w, l);
}

/* Between the look-up of a listener and its request it stopped, and listens again. */
static void moved__syn_meets_next_listener(struct kunit *test)
{
	struct wire *w = test->priv;
	struct wire_inject in = { .from = A, .ctl = XTCP_SYN };
	u64 races = wire_counter(XTCP_DROP_RACE);
	struct xtcp_listener *l;
	struct xtcp_segment seg;
	struct wire_key k;
	struct sk_buff *skb;
	struct sock *sk;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_listen(w, B, 5), 0);
	sk = w->side[B].listener->sk;
	l = found_listener(w, &k);
	lock_sock(sk);
	WIRE_EQ(w, sk->sk_prot->disconnect(sk, 0), 0);
	WIRE_EQ(w, xtcp_listen_start(sk, 5), 0);
	release_sock(sk);
	skb = wire_segment_at_hand(w, &in);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	xtcp_header_parse(skb, &seg);
	local_bh_disable();
	rcu_read_lock();
	xtcp_listen_syn(l, skb, &k.key, &seg, 0);
	WIRE_EQ(w, rcu_access_pointer(xtcp_sk(sk)->own->listener) != l, true);
	WIRE_EQ(w, rcu_dereference(xtcp_sk(sk)->own->listener)->requests.len, 0);
	rcu_read_unlock();
	local_bh_enable();
	forget_listener(w, l);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_counter(XTCP_DROP_RACE) - races, 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK), 0);
}

/* Between SYN and ACK the listener is bound to a device: the child is as its request was. */
static void moved__child_keeps_the_device_of_its_request(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *child;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_listen(w, B, 5), 0);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 15);
	WIRE_EQ(w, sock_bindtoindex(w->side[B].listener->sk, LOOPBACK_IFINDEX, true), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	child = w->side[B].sock->sk;
	WIRE_EQ(w, xtcp_sk(child)->flow.bound_dev_if, 0);
	WIRE_EQ(w, child->sk_bound_dev_if, 0);
	wire_transfer(w, A, 1000, 1000);
}

/* A listener that became a connection: its child has nothing of that but options. */
static void moved__child_of_a_connection(struct kunit *test)
{
	struct wire *w = test->priv;
	struct xtcp_flow of = {
		.family = w->ip->family,
		.protocol = IPPROTO_XTCP,
	};
	struct sock *sk, *child;

	wire_establish(w);
	wire_unlisten(w, B);
	sk = w->side[A].sock->sk;
	atomic64_set(&sk->sk_cookie, 4711);
	local_bh_disable();
	rcu_read_lock();
	child = xtcp_child_clone(sk, &of);
	KUNIT_EXPECT_NOT_NULL(test, child);
	if (child) {
		WIRE_EQ(w, xtcp_flow_hashed(&xtcp_sk(child)->flow), false);
		WIRE_EQ(w, xtcp_sk(child)->flow.remote_port, 0);
		WIRE_EQ(w, atomic64_read(&child->sk_cookie), 0);
		WIRE_EQ(w, xtcp_sk(child)->timer_armed, false);
		WIRE_EQ(w, !!xtcp_sk(child)->port, false);
		WIRE_EQ(w, xtcp_sk(child)->tcb.snd_nxt, 0);
		xtcp_destroy_unaccepted(child);
		xtcp_child_unlock(child);
	}
	rcu_read_unlock();
	local_bh_enable();
	/* The one it was copied from goes on. */
	WIRE_STATE(w, A, ESTABLISHED);
	wire_transfer(w, A, 1000, 1000);
	wire_transfer(w, B, 1000, 1000);
}

/* Nor is it taken for dead, because the listener's user closed meanwhile. */
static void moved__child_of_a_closed_one(struct kunit *test)
{
	struct wire *w = test->priv;
	struct xtcp_flow of = {
		.family = w->ip->family,
		.protocol = IPPROTO_XTCP,
	};
	struct sock *sk, *child;

	WIRE_EQ(w, wire_listen(w, B, 5), 0);
	sk = w->side[B].listener->sk;
	sock_hold(sk);
	wire_unlisten(w, B);
	WIRE_EQ(w, sock_flag(sk, SOCK_DEAD), true);
	local_bh_disable();
	rcu_read_lock();
	child = xtcp_child_clone(sk, &of);
	KUNIT_EXPECT_NOT_NULL(test, child);
	if (child) {
		WIRE_EQ(w, sock_flag(child, SOCK_DEAD), false);
		xtcp_destroy_unaccepted(child);
		xtcp_child_unlock(child);
	}
	rcu_read_unlock();
	local_bh_enable();
	sock_put(sk);
}

WIRE_SUITES_MAPPED(xtcp_stale_wire,
		   KUNIT_CASE(moved__segment_meets_listener),
		   KUNIT_CASE(moved__segment_meets_next_connection),
		   KUNIT_CASE(moved__same_connection_again),
		   KUNIT_CASE(moved__segment_meets_no_one),
		   KUNIT_CASE(moved__cookie_meets_one_who_stopped),
		   KUNIT_CASE(moved__cookie_meets_one_who_closed),
		   KUNIT_CASE(moved__fast_open_meets_one_who_stopped),
		   KUNIT_CASE(moved__syn_meets_next_listener),
		   KUNIT_CASE(moved__child_keeps_the_device_of_its_request),
		   KUNIT_CASE(moved__child_of_a_connection),
		   KUNIT_CASE(moved__child_of_a_closed_one),
		   { }
);
