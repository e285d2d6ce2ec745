/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flow table: who is who by (namespace, addresses, ports). A connection is
 * first a request, then a socket, then a TIME_WAIT record; each begins with, or
 * holds, a struct xtcp_flow, and one replaces the other in its place in the
 * chain, so that a lookup always finds exactly one of them.
 *
 * Lookups run under RCU and take no reference: sockets carry SOCK_RCU_FREE,
 * requests and records are freed by kfree_rcu(). Whoever removes a flow from
 * the table owns its end: removal succeeds exactly once.
 */
#ifndef _XTCP_FLOW_H
#define _XTCP_FLOW_H

#include <linux/in6.h>
#include <linux/list_nulls.h>
#include <net/net_namespace.h>

enum xtcp_flow_kind {
	XTCP_FLOW_REQUEST,
	XTCP_FLOW_SOCKET,
	XTCP_FLOW_TIME_WAIT,
};

/*
 * IPv6 addresses lie in front of the flow, behind it where it is the end of a socket, so
 * that IPv4 does not pay for them.
 */
struct xtcp_addrs6 {
	struct in6_addr local;
	struct in6_addr remote;
};

struct xtcp_addrs4 {
	__be32 local;
	__be32 remote;
};

struct xtcp_flow {
	struct hlist_nulls_node node;	/* bucket lock; RCU readers */
	possible_net_t net;
	union {
		struct xtcp_addrs4 addrs4;
		struct {		/* of IPv6 records: as the connection sent */
			__be32 label;
			u32 txhash;
		};
	};
	__be16 local_port;
	__be16 remote_port;
	int bound_dev_if;		/* 0: any but those of VRFs */
	u8 kind;			/* enum xtcp_flow_kind */
	u8 family;
	u8 protocol;			/* IP's: IPPROTO_XTCP or IPPROTO_TCP */

	/* Of requests and TIME_WAIT records: here is room for them. */
	u8 tos;
	union {
		u16 cpu;		/* records: shard of their wait (fifo.h) */
		struct {		/* requests: SYN-ACKs sent again... */
			u8 resent;	/* ...before the answer, if that brought no text */
			u8 asked;	/* ...for a SYN that came again */
		};
	};
	u8 rcv_wscale : 4,
	   mapped : 1,			/* any kind: IPv4, of an AF_INET6 socket */
	   ts_ok : 1,
	   sack_ok : 1,			/* requests */
	   transparent : 1;		/* records: the socket was (IP_TRANSPARENT) */
	union {
		struct {		/* requests */
			u8 snd_wscale : 4,
			   wscale_ok : 1,
			   acked : 1,		/* complete, but for text */
			   saved_syn : 1;	/* the SYN lies behind */
		};
		struct {		/* records */
			u8 queue : 4,		/* xtcp_net.time_wait_queues[] */
			   port_sharing : 2,	/* enum xtcp_port_sharing */
			   ts_offset : 1;	/* to our timestamps, what xtcp_isn_ts_offset_drawn() says */
		};
	};
};

/* What a lookup asks for; built on the stack by wire/. */
struct xtcp_flow_key {
	struct net *net;
	const void *addrs;		/* struct xtcp_addrs4 or xtcp_addrs6 */
	__be16 local_port;
	__be16 remote_port;
	int dif;			/* arrived on */
	int sdif;
	int scope;			/* device its addresses mean something on; 0: any */
	u8 family;
	u8 protocol;			/* IP's, as in the flow */
	u8 tos;				/* of the segment's IP header */
};

static inline unsigned int xtcp_flow_addrs_len(u8 family)
{
	return family == AF_INET ? sizeof(struct xtcp_addrs4) :
				   sizeof(struct xtcp_addrs6);
}

static inline void *xtcp_flow_addrs(const struct xtcp_flow *flow)
{
	if (flow->family == AF_INET)
		return (void *)&flow->addrs4;
	return flow->kind == XTCP_FLOW_SOCKET ? (void *)(flow + 1) :
						(void *)((const struct xtcp_addrs6 *)flow - 1);
}

/* Room in front of a flow allocated alone. */
static inline size_t xtcp_flow_headroom(u8 family)
{
	return family == AF_INET ? 0 : sizeof(struct xtcp_addrs6);
}

/* Memory for what begins with a flow: one cache a family. */
struct xtcp_flow_cache {
	struct kmem_cache *ipv4;
	struct kmem_cache *ipv6;
};

/**
 * xtcp_flow_cache_init() - for objects that begin with a struct xtcp_flow
 * @cache: filled
 * @ipv4: name of the cache of those with IPv4 addresses
 * @ipv6: and of those with room for IPv6 addresses in front
 * @size: of the object, without that room
 *
 * Return: 0 or -ENOMEM.
 */
int xtcp_flow_cache_init(struct xtcp_flow_cache *cache, const char *ipv4,
			 const char *ipv6, size_t size);
void xtcp_flow_cache_exit(struct xtcp_flow_cache *cache);
/* The object, or NULL. */
void *xtcp_flow_cache_alloc(struct xtcp_flow_cache *cache, u8 family, gfp_t gfp);
void xtcp_flow_cache_free(struct xtcp_flow_cache *cache, struct xtcp_flow *flow);

/**
 * xtcp_flow_init() - fill a flow that is in no table
 * @flow: the flow
 * @kind: what it is the head of
 * @key: addresses, ports, namespace; @key->dif becomes bound_dev_if
 */
void xtcp_flow_init(struct xtcp_flow *flow, enum xtcp_flow_kind kind,
		    const struct xtcp_flow_key *key);

/**
 * xtcp_flow_lookup() - find the flow of a segment
 * @key: what the segment carries
 *
 * Context: rcu_read_lock() held; the result lives as long as it is.
 * Return: the flow or NULL.
 */
struct xtcp_flow *xtcp_flow_lookup(const struct xtcp_flow_key *key);

/**
 * xtcp_flow_insert() - enter a flow unless its addresses and ports are taken
 * @flow: filled by xtcp_flow_init()
 *
 * Return: 0 or -EADDRNOTAVAIL.
 */
int xtcp_flow_insert(struct xtcp_flow *flow);

/**
 * xtcp_flow_remove() - take a flow out of the table
 *
 * Return: true for the one caller that did it, false if it was not there.
 */
bool xtcp_flow_remove(struct xtcp_flow *flow);

/**
 * xtcp_flow_replace() - put @new in the place of @old, of the same 4-tuple
 *
 * A lookup finds one or the other at every moment.
 * Return: false, and nothing done, if @old was no longer there.
 */
bool xtcp_flow_replace(struct xtcp_flow *old, struct xtcp_flow *new);

/* Is it in the table? Exact only for who owns the flow. */
bool xtcp_flow_hashed(const struct xtcp_flow *flow);

/**
 * xtcp_flow_is() - is a socket's flow still the one that was looked for?
 * @flow: found by xtcp_flow_lookup(), then its socket was locked
 * @key: what it was looked for
 *
 * A lookup takes no lock: until we have the socket's, its user may have ended the
 * connection and begun another, or listen. Requests and records are never reused.
 * Context: the spinlock of the socket. While a user owns it, true may be over soon.
 */
bool xtcp_flow_is(const struct xtcp_flow *flow, const struct xtcp_flow_key *key);

/* A walk over a table lets others have their turn after so many buckets. */
#define XTCP_BUCKETS_BETWEEN 256

/**
 * xtcp_flow_next() - walk the table
 * @net: only flows of this namespace; NULL: of all
 * @bucket: where to go on; advanced
 * @skip: flows of that bucket seen already; advanced
 *
 * Context: process, rcu_read_lock() held once. It is let go in between, for others to
 * run, and what was found before is good no longer; flows that come and go may make
 * others be seen twice, or not.
 * Return: the next flow or NULL at the end.
 */
struct xtcp_flow *xtcp_flow_next(struct net *net, unsigned int *bucket,
				 unsigned int *skip);

/**
 * xtcp_flow_device_score() - is a segment for who is bound to @bound_dev_if?
 * @bound_dev_if: 0: to no device, which means those of no VRF, or with the knob
 *	l3mdev_accept all
 * @key: where it came in
 *
 * Any context. Return: 0: no; 1: yes; 2: yes, and bound to that device or its VRF.
 */
int xtcp_flow_device_score(int bound_dev_if, const struct xtcp_flow_key *key);

int xtcp_flow_table_init(void);
void xtcp_flow_table_exit(void);

#endif
