/* SPDX-License-Identifier: GPL-2.0 */
/* What ICMP says of a flow: wire/icmp.c. */
#ifndef _XTCP_ICMP_H
#define _XTCP_ICMP_H

#include <linux/errqueue.h>
#include <linux/types.h>

struct sk_buff;
struct sock;
struct tcphdr;
struct xtcp_flow;
struct xtcp_flow_key;

/* A message of ICMP or ICMPv6. */
struct xtcp_icmp {
	struct sk_buff *skb;		/* ->data at the IP header it quotes */
	const struct tcphdr *th;	/* quoted; of ours, its first 8 octets */
	const void *daddr;		/* quoted; where the segment went */
	bool ends_request;		/* half-open connections end by it */
	struct sock_extended_err ee;	/* what it says (ip(7), IP_RECVERR) */
};

/**
 * xtcp_icmp_error() - a router or host reports that @flow cannot be reached
 * @flow: from a lookup with the quoted header
 * @key: of that lookup
 * @icmp: the message; ignored unless the quoted sequence number is outstanding
 *	(RFC 5927 4)
 *
 * Context: softirq, rcu_read_lock(), no locks.
 */
void xtcp_icmp_error(struct xtcp_flow *flow, const struct xtcp_flow_key *key,
		     const struct xtcp_icmp *icmp);

/* Is what quotes a segment of @flow that had @ttl left from too far (RFC 5082)? */
bool xtcp_icmp_from_too_far(const struct xtcp_flow *flow, u8 ttl);

/**
 * xtcp_icmp_pmtu() - the path takes no more than @mtu octets (RFC 1191)
 * @flow: from a lookup with the quoted header
 * @key: of that lookup
 * @seq: quoted sequence number; ignored unless outstanding
 * @mtu: octets, IP header included
 *
 * Context: softirq, rcu_read_lock(), no locks.
 */
void xtcp_icmp_pmtu(struct xtcp_flow *flow, const struct xtcp_flow_key *key, u32 seq,
		    u32 mtu);

/**
 * xtcp_icmp_redirect() - a router knows a better first hop (RFC 1122 3.2.2.2, RFC 4861 8.3)
 * @flow: from a lookup with the quoted header
 * @key: of that lookup
 * @seq: quoted sequence number; ignored unless outstanding
 * @skb: the message, as the route of @flow reads it
 *
 * Context: softirq, rcu_read_lock(), no locks.
 */
void xtcp_icmp_redirect(struct xtcp_flow *flow, const struct xtcp_flow_key *key, u32 seq,
			struct sk_buff *skb);

/* A path MTU that came while the user held the socket: release_cb. */
void xtcp_icmp_pmtu_deferred(struct sock *sk);

#endif
