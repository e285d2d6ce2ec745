/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The port table: which sockets hold a local port.
 * A port in use has one struct xtcp_port; sockets hold it by a list entry,
 * TIME_WAIT records by a count, both for their address.
 */
#ifndef _XTCP_PORT_H
#define _XTCP_PORT_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <net/net_namespace.h>

struct sk_buff;
struct sock;
struct xtcp_flow;
struct xtcp_flow_key;
struct xtcp_reservation;

/* How a socket would share its port: what its TIME_WAIT record remembers. */
enum xtcp_port_sharing {
	XTCP_PORT_REUSE		= 1 << 0,	/* SO_REUSEADDR */
	XTCP_PORT_REUSEPORT	= 1 << 1,	/* SO_REUSEPORT */
};

/* What a bound socket can be reached at: af->bind_reach(). */
enum xtcp_reach {
	XTCP_REACH_IPV4		= 1 << 0,
	XTCP_REACH_IPV6		= 1 << 1,
	XTCP_REACH_BOTH		= XTCP_REACH_IPV4 | XTCP_REACH_IPV6,
	XTCP_REACH_ONE		= 1 << 2,	/* one address, not all of the family */
};

struct xtcp_port {
	struct hlist_node node;		/* bucket lock; RCU readers */
	possible_net_t net;
	u16 port;			/* host order */
	u8 protocol;			/* IP's: another, another port */
	struct xtcp_reservation *reservation; /* protocol 6, while bound: the kernel's TCP keeps off */
	u64 cookie_ns;			/* when its listeners last sent a SYN cookie */
	unsigned int explicit_binds;	/* sockets that have it by bind() */
	struct rb_root groups;		/* of its owners, port.c; bucket lock */
	struct rcu_head rcu;
};

/* proto->get_port: bind @sk to @num (0: an ephemeral port). 0 or -errno. */
int xtcp_port_bind(struct sock *sk, unsigned short num);

/**
 * xtcp_port_connect() - choose a port for connect() and enter the flow table
 * @sk: socket with addresses and remote port set in its flow
 * @enter: enters the flow of @sk, whose local port is set now: 0, or -errno
 *         for another port to be tried
 *
 * A port of an earlier bind() is kept. Else one is chosen by RFC 6056
 * algorithm 4 (double hash) from ip_local_port_range.
 * Context: socket lock, process.
 * Return: 0 or -EADDRNOTAVAIL.
 */
int xtcp_port_connect(struct sock *sk, int (*enter)(struct sock *sk));

/* A child shares its listener's port @num. 0, or -ENOENT if that has closed. */
int xtcp_port_inherit(struct sock *child, u16 num);

/* proto->put_port, and the end of every socket. */
void xtcp_port_release(struct sock *sk);

/* listen(): is the port still ours alone? @sk is in LISTEN. 0 or -EADDRINUSE. */
int xtcp_port_may_listen(struct sock *sk);

/* The local address, or the device, of an owner is another: connect(), SO_BINDTODEVICE. */
void xtcp_port_moved(struct sock *sk);

/*
 * The connection of @sk goes on as a TIME_WAIT record with @flow, which keeps the
 * port, at its address, from bind() by those it would not share with: it remembers
 * who they are in flow.port_sharing. 0 or -ENOMEM.
 */
int xtcp_port_hold_time_wait(const struct sock *sk, struct xtcp_flow *flow);
void xtcp_port_put_time_wait(const struct xtcp_flow *flow);

#ifdef XTCP_KUNIT
extern unsigned int xtcp_port_steps;
#endif

int xtcp_port_table_init(void);
void xtcp_port_table_exit(void);

#endif
