// SPDX-License-Identifier: GPL-2.0
/*
 * What a segment was found for has become something else before the segment gets
 * there. A user who holds the socket's lock makes the moment between as long as
 * the test likes: the segment waits in the backlog.
 */

#include <linux/net.h>
#include <xtcp/request.h>
#include "wire.h"

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

WIRE_SUITES_MAPPED(xtcp_stale_wire,
		   KUNIT_CASE(moved__segment_meets_listener),
		   KUNIT_CASE(moved__segment_meets_next_connection),
		   KUNIT_CASE(moved__same_connection_again),
		   KUNIT_CASE(moved__segment_meets_no_one),
		   { }
);
