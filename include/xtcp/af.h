/* SPDX-License-Identifier: GPL-2.0 */
/* All that differs between address families: wire/ipv4.c and wire/ipv6.c. */
#ifndef _XTCP_AF_H
#define _XTCP_AF_H

#include <linux/skbuff.h>
#include <linux/sockptr.h>
#include <linux/tcp.h>
#include <net/l3mdev.h>
#include <net/sock.h>
#include <xtcp/flow.h>
#include <xtcp/net.h>
#include <xtcp/header.h>

struct iphdr;
struct ipv6hdr;
struct tcphdr;
struct xtcp_net;
struct xtcp_request;

/*
 * Where an answer that no connection sends comes from: it goes the way that all of
 * its sender goes. Zero: from no one.
 */
struct xtcp_origin {
	const struct sock *sk;		/* owns it: socket, listener; NULL: the control socket */
	u32 mark;			/* unless the segment's comes back (fwmark_reflect) */
	u32 priority;			/* SO_PRIORITY */
	u8 flow_flags;			/* FLOWI_FLAG_ANYSRC: of a transparent one (IPv4) */
	int bound_dev_if;		/* 0: none */
	int tos;			/* XTCP_TOS_OF_SEGMENT: that of the segment, but for ECN */
	__be32 label;			/* IPv6; 0: automatic, from: */
	u32 txhash;			/* which queue, and path; 0: by addresses and ports */
};

#define XTCP_TOS_OF_SEGMENT -1

struct xtcp_af_ops {
	u8 family;
	u8 ip_header_len;		/* without options */
	u32 gso_type;			/* SKB_GSO_TCPV4 or 6: whose large segments they are */
	u16 mss_default;		/* of a peer that announces none (RFC 9293 3.7.1) */

	/* A socket is about to get a port: what it speaks (xtcp_hooks_use()). */
	int (*choose_protocol)(struct sock *sk);
	/*
	 * connect(): read the destination, route to it, set the addresses of
	 * sk and its flow (not the local port). 0 or -errno. Socket lock.
	 */
	int (*connect_route)(struct sock *sk, struct sockaddr *addr, int len);
	/* The local port is known: route again with it. 0 or -errno. */
	int (*connect_ports)(struct sock *sk);
	/* connect() failed: forget destination, route, and source if not bound. */
	void (*connect_failed)(struct sock *sk);
	/* The cached route, if it is valid still, or a new one; or NULL. Socket lock. */
	struct dst_entry *(*route)(struct sock *sk);
	/* Hand a segment of @sk to IP. */
	int (*xmit)(struct sock *sk, struct sk_buff *skb);
	/* Write th->check of an skb of @sk: in full, or for the device. */
	void (*checksum)(struct sock *sk, struct sk_buff *skb);

	/* Octets of IP options @sk sends. */
	unsigned int (*options_len)(const struct sock *sk);
	/* TOS or traffic class of what @sk sends. */
	u8 (*tos)(const struct sock *sk);
	/* The user wants to hear of errors at once (IP_RECVERR, IPV6_RECVERR). */
	bool (*recverr)(const struct sock *sk);
	/* The user lets ICMP's path MTU, @mtu octets, count (IP_MTU_DISCOVER, IPV6_MTU_DISCOVER). */
	bool (*takes_pmtu)(const struct sock *sk, u32 mtu);
	/* Options of the levels below ours. */
	int (*setsockopt)(struct sock *sk, int level, int name, sockptr_t val,
			  unsigned int len);
	int (*getsockopt)(struct sock *sk, int level, int name, char __user *val,
			  int __user *len);
	/*
	 * What a bound socket can be reached at, enum xtcp_reach. @addr, which is 0,
	 * becomes its address if it has but one; IPv4 mapped.
	 */
	u8 (*bind_reach)(const struct sock *sk, struct in6_addr *addr);

	/* A route for an answer without a socket; NULL if there is none. */
	struct dst_entry *(*request_route)(const struct sock *listener,
					   const struct xtcp_request *req);
	/* Send @skb, which has a TCP header, mark and priority, of @flow over @dst for @sk. */
	int (*request_xmit)(const struct sock *sk, struct sk_buff *skb,
			    const struct xtcp_flow *flow, struct dst_entry *dst,
			    u8 tos);
	/* A child begins as a copy of its listener: what the two must not share. */
	void (*unshare)(struct sock *child);
	/*
	 * Fill the child's addresses from the request; takes @dst. @skb: the
	 * segment that made it.
	 */
	void (*child_init)(struct sock *child, const struct sock *listener,
			   const struct xtcp_request *req,
			   const struct sk_buff *skb, struct dst_entry *dst);
	/*
	 * Answer @in with a segment of no connection, whose header and options @th
	 * (doff set) are in network order; checksum written here.
	 */
	void (*reply)(struct xtcp_net *xn, const struct sk_buff *in,
		      struct tcphdr *th, const struct xtcp_origin *from);
};

extern const struct xtcp_af_ops xtcp_ipv4_ops;
extern const struct xtcp_af_ops xtcp_ipv6_ops;
/* IPv4 on the wire, an IPv6 socket to the user: addresses are ::ffff:a.b.c.d. */
extern struct xtcp_af_ops xtcp_mapped_ops;

/* The operations of @family, which is one we have. */
static inline const struct xtcp_af_ops *xtcp_af_ops(u8 family)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (family == AF_INET6)
		return &xtcp_ipv6_ops;
#endif
	return &xtcp_ipv4_ops;
}

/* The same for a socket of @domain with a flow of @family. */
static inline const struct xtcp_af_ops *xtcp_af_ops_of(u8 domain, u8 family)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (domain == AF_INET6 && family == AF_INET)
		return &xtcp_mapped_ops;
#endif
	return xtcp_af_ops(family);
}

/* What a listener, or a socket that sends no segment of its own, answers with. */
static inline struct xtcp_origin xtcp_origin_of(const struct sock *sk)
{
	return (struct xtcp_origin){
		.sk		= sk,
		.mark		= READ_ONCE(sk->sk_mark),
		.priority	= READ_ONCE(sk->sk_priority),
		.flow_flags	= inet_sk_flowi_flags(sk),
		.bound_dev_if	= READ_ONCE(sk->sk_bound_dev_if),
		.tos		= XTCP_TOS_OF_SEGMENT,
		.txhash		= READ_ONCE(sk->sk_txhash),
	};
}

/*
 * What is sent for @sk is its own, as the segments of a connection are: its cgroup's
 * programs and rules about its user hold. One that was closed meanwhile owns nothing
 * any more, and does not answer: false, and @skb and @dst are gone.
 */
static inline bool xtcp_af_own(struct sk_buff *skb, const struct sock *sk,
			       struct dst_entry *dst)
{
	if (skb_set_owner_sk_safe(skb, (struct sock *)sk))
		return true;
	dst_release(dst);
	kfree_skb(skb);
	return false;
}

/* The device to answer @in by: the sender's, or the VRF that it came by. */
static inline int xtcp_af_reply_dev(const struct xtcp_net *xn, const struct sk_buff *in,
				    const struct xtcp_origin *from)
{
	if (!from->bound_dev_if && netif_index_is_l3_master(xn->net, in->skb_iif))
		return in->skb_iif;
	return from->bound_dev_if;
}

/* An answer's skb: @th, and room for what is in front of it; or NULL. It lacks its mark. */
static inline struct sk_buff *xtcp_af_reply_skb(const struct tcphdr *th,
						const struct xtcp_origin *from)
{
	struct sk_buff *skb = alloc_skb(XTCP_HEADROOM + XTCP_HEADER_MAX, XTCP_GFP_QUIET);

	if (!skb)
		return NULL;
	skb_reserve(skb, XTCP_HEADROOM);
	skb_reset_transport_header(skb);
	skb_put_data(skb, th, th->doff * 4);
	skb->priority = from->priority;
	if (from->txhash)
		skb_set_hash(skb, from->txhash, PKT_HASH_TYPE_L4);
	return skb;
}

/* @skb is summed up by who sends it, from @pseudo on. */
static inline void xtcp_af_sum_later(struct sk_buff *skb, __sum16 pseudo)
{
	tcp_hdr(skb)->check = pseudo;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/*
 * A device is trusted with a checksum only if it sums whatever it is told to:
 * protocol 253 means nothing to those that know TCP.
 */
static inline bool xtcp_af_device_sums(struct sock *sk, const struct sk_buff *skb)
{
	const struct dst_entry *dst;
	bool sums;

	/* Who cuts it up sums up, or has the device do so. */
	if (skb_is_gso(skb))
		return true;
	/* The device may go, the route then has another. */
	rcu_read_lock();
	dst = __sk_dst_get(sk);
	sums = dst && (READ_ONCE(dst->dev)->features & NETIF_F_HW_CSUM);
	rcu_read_unlock();
	return sums;
}

/*
 * wire/key.c, for the rest of wire/: the key of a segment in @net that came as
 * @protocol and whose header is @th; and of one of ours that an ICMP error quotes,
 * with its first two ports.
 */
void xtcp_ipv4_fill_key(struct xtcp_flow_key *key, struct xtcp_addrs4 *addrs,
			struct net *net, struct sk_buff *skb, const struct tcphdr *th,
			u8 protocol);
void xtcp_ipv4_fill_quoted_key(struct xtcp_flow_key *key, struct xtcp_addrs4 *addrs,
			       const struct sk_buff *skb, const struct iphdr *iph,
			       const __be16 *ports, u8 protocol);
void xtcp_ipv6_fill_key(struct xtcp_flow_key *key, struct xtcp_addrs6 *addrs,
			struct net *net, struct sk_buff *skb, const struct tcphdr *th,
			u8 protocol);
void xtcp_ipv6_fill_quoted_key(struct xtcp_flow_key *key, struct xtcp_addrs6 *addrs,
			       const struct sk_buff *skb, const struct ipv6hdr *ip6h,
			       const __be16 *ports, u8 protocol);

int xtcp_ipv4_register(void);
void xtcp_ipv4_unregister(void);

#if IS_ENABLED(CONFIG_IPV6)
int xtcp_ipv6_register(void);
void xtcp_ipv6_unregister(void);
/* Before the first AF_INET6 socket. */
void xtcp_ipv6_fill_mapped_ops(void);
/* The control socket of a namespace. */
int xtcp_ipv6_net_init(struct xtcp_net *xn);
void xtcp_ipv6_net_exit(struct xtcp_net *xn);
#else
static inline int xtcp_ipv6_register(void) { return 0; }
static inline void xtcp_ipv6_unregister(void) { }
static inline int xtcp_ipv6_net_init(struct xtcp_net *xn) { return 0; }
static inline void xtcp_ipv6_net_exit(struct xtcp_net *xn) { }
#endif

#endif
