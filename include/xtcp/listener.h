/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The listener: what listen() makes and its end frees. Who it is never changes, so
 * what found one under RCU, or refers to one (requests, children that a SYN opened),
 * need not ask what its socket has become since: a socket that stops listening
 * leaves its listener behind, closed, and listens again with another.
 *
 * The table of them, by address and port: table/listener.c. Its queues: open/listen.c.
 */
#ifndef _XTCP_LISTENER_H
#define _XTCP_LISTENER_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <xtcp/fifo.h>

struct net;
struct sk_buff;
struct sock;
struct xtcp_flow_key;
struct xtcp_port;

/* As often as the least RTO can be doubled before it reaches the most. */
#define XTCP_RETRY_LEVELS 21
/* A queue for each; and for who has answered, and waits with his text, as many more. */
#define XTCP_REQUEST_QUEUES (2 * XTCP_RETRY_LEVELS)

struct xtcp_listener {
	/* Where it stands: bucket lock; RCU readers. */
	struct hlist_node node;
	struct hlist_node leads;	/* hashed: lookups find it, for all that are like it */
	int dev;			/* bound to it; 0: to none */

	/* Who it is: fixed. */
	struct sock *sk;		/* for RCU readers, and while it is open */
	struct xtcp_port *port;		/* as long */
	struct net *net;
	struct in6_addr addr;		/* IPv4: mapped, its wildcard ::ffff:0.0.0.0 */
	__be16 local_port;
	u8 protocol;			/* IP's, as in the flow */
	bool v6only;			/* :: does not mean IPv4, too */

	refcount_t refs;		/* of the socket and of early children */
	struct rcu_head rcu;

	/* Its queues (open/listen.c) */
	spinlock_t lock;		/* what follows; BH off */
	bool open;			/* false: closing, take nothing more */
	bool flooded;			/* it sent SYN cookies, and the log says so */
	unsigned int accept_len;
	unsigned int early_len;		/* children whose handshake is not complete */
	struct hlist_head accept_queue;	/* children: sk_node, which is in no other table */
	struct sock *accept_last;	/* of them, if there are any */
	struct list_head early_resets;	/* early children that were reset, which count, too */

	/* Requests by what they wait for (open/request.c). */
	struct xtcp_fifo requests;
	struct list_head request_queues[XTCP_REQUEST_QUEUES];

	/* How they fare, for a full queue without cookies: an estimate, without a lock. */
	u8 unanswered;			/* share of late, of 255: asked again, or evicted */
	u64 patience_ns;		/* in a flood, who is younger is not evicted */
	u64 patience_tried_ns;		/* since when, and no one answered */
};

/**
 * xtcp_listener_create() - a listener for a bound socket, in no table yet
 * @sk: socket, locked
 *
 * Context: process. Return: open, with one reference; or NULL.
 */
struct xtcp_listener *xtcp_listener_create(struct sock *sk);
/* The last reference frees it after a grace period. Any context. */
void xtcp_listener_put(struct xtcp_listener *l);

/**
 * xtcp_listener_insert() - from now on lookups find it
 * @l: of a socket that is in LISTEN, locked; joins its SO_REUSEPORT group
 *
 * Return: 0 or -ENOMEM.
 */
int xtcp_listener_insert(struct xtcp_listener *l);
/* No more, but who has found it already. Socket lock. */
void xtcp_listener_remove(struct xtcp_listener *l);
/* proto->rehash: a listening socket was bound to a device, or to none. Socket lock. */
void xtcp_listener_rehash(struct sock *sk);

/**
 * xtcp_listener_lookup() - the listener that a SYN is for
 * @key: local address and port, device
 * @skb: the SYN, for a program that chooses in a SO_REUSEPORT group; or NULL
 *
 * The most specific wins: bound address over wildcard, bound device over any, IPv4
 * socket over one of IPv6. The cost does not depend on how many listen on that port,
 * at other addresses or in a SO_REUSEPORT group.
 * Context: rcu_read_lock().
 */
struct xtcp_listener *xtcp_listener_lookup(const struct xtcp_flow_key *key,
					   struct sk_buff *skb);

/**
 * xtcp_listener_next() - walk all listeners, for /proc
 * @net: only of this namespace
 * @bucket: where to go on; advanced
 * @skip: listeners of that bucket seen already; advanced
 *
 * Context: as xtcp_flow_next().
 */
struct xtcp_listener *xtcp_listener_next(struct net *net, unsigned int *bucket,
					 unsigned int *skip);

#ifdef XTCP_KUNIT
extern unsigned int xtcp_listener_steps; /* listeners that lookups have looked at */
#endif

int xtcp_listener_table_init(void);
void xtcp_listener_table_exit(void);

#endif
