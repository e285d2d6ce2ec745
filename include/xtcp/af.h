/* SPDX-License-Identifier: GPL-2.0 */
/* All that differs between address families: wire/ipv4.c (and wire/ipv6.c). */
#ifndef _XTCP_AF_H
#define _XTCP_AF_H

#include <linux/skbuff.h>
#include <xtcp/flow.h>

struct sock;
struct tcphdr;
struct xtcp_net;
struct xtcp_request;

struct xtcp_af_ops {
	u8 family;
	u8 ip_header_len;		/* without options */

	/*
	 * connect(): read the destination, route to it, set the addresses of
	 * sk and its flow (not the local port). 0 or -errno. Socket lock.
	 */
	int (*connect_route)(struct sock *sk, struct sockaddr *addr, int len);
	/* The local port is known: route again with it. 0 or -errno. */
	int (*connect_ports)(struct sock *sk);
	/* connect() failed: forget destination, route, and source if not bound. */
	void (*connect_failed)(struct sock *sk);
	/* The cached route is no longer valid: a new one, or NULL. Socket lock. */
	struct dst_entry *(*rebuild_route)(struct sock *sk);
	/* Hand a segment of @sk to IP. */
	int (*xmit)(struct sock *sk, struct sk_buff *skb);
	/* Write th->check of an skb of @sk: in full, or for the device. */
	void (*checksum)(struct sock *sk, struct sk_buff *skb);

	/* Octets of IP options @sk sends. */
	unsigned int (*options_len)(const struct sock *sk);
	/* The local address of @sk as bind() left it matches @key: 0 no, more is better. */
	int (*listener_score)(const struct sock *sk, const struct xtcp_flow_key *key);
	/* Do two sockets' bound addresses overlap? */
	bool (*bind_overlap)(const struct sock *a, const struct sock *b);

	/* A route for an answer without a socket; NULL if there is none. */
	struct dst_entry *(*request_route)(const struct sock *listener,
					   const struct xtcp_request *req);
	/* Send a headerless @skb (TCP header only) of @flow over @dst. */
	int (*request_xmit)(const struct sock *sk, struct sk_buff *skb,
			    const struct xtcp_flow *flow, struct dst_entry *dst,
			    u8 tos);
	/* Fill the child's addresses from the request; takes @dst. */
	void (*child_init)(struct sock *child, const struct sock *listener,
			   const struct xtcp_request *req, struct dst_entry *dst);
	/*
	 * Answer @in, which has no socket of ours, with a segment whose header
	 * and options @th (doff set) are in network order; checksum written here.
	 */
	void (*reply)(struct xtcp_net *xn, const struct sk_buff *in,
		      struct tcphdr *th, u8 tos);
};

extern const struct xtcp_af_ops xtcp_ipv4_ops;

/* The operations of @family, which is one we have. */
static inline const struct xtcp_af_ops *xtcp_af_ops(u8 family)
{
	return &xtcp_ipv4_ops;
}

int xtcp_ipv4_register(void);
void xtcp_ipv4_unregister(void);

#endif
