/* SPDX-License-Identifier: GPL-2.0 */
/* A segment comes in: engine/input.c, and what it says to wire/icmp.c. */
#ifndef _XTCP_INPUT_H
#define _XTCP_INPUT_H

#include <linux/errqueue.h>
#include <xtcp/counters.h>
#include <xtcp/tcb.h>

struct sk_buff;
struct sock;
struct xtcp_flow;
struct xtcp_flow_key;
struct xtcp_net;

/* Where it came in: SO_INCOMING_NAPI_ID, busy polling, receive flow steering. */
void xtcp_input_mark(struct sock *sk, const struct sk_buff *skb);

/**
 * xtcp_input_segment() - a segment for a socket that is no listener
 * @sk: socket, locked; afterwards it may be CLOSED, and freed under RCU
 * @skb: header and checksum good; eaten
 *
 * RFC 9293 section 3.10.7. Softirq or process.
 */
void xtcp_input_segment(struct sock *sk, struct sk_buff *skb);

/* The last of the segments that waited for the user is processed: release_cb. */
void xtcp_input_ack_deferred(struct sock *sk);

/**
 * xtcp_input_established_by_syn() - a child is ESTABLISHED before its SYN-ACK
 * @sk: child, locked, in SYN_RCVD; sends that SYN-ACK
 * @syn: the SYN that made it
 *
 * For handshake_ways 2. Softirq.
 */
void xtcp_input_established_by_syn(struct sock *sk, const struct xtcp_segment *syn);

/**
 * xtcp_input_early() - a child is opened by its SYN (RFC 7413)
 * @sk: child, locked, in SYN_RCVD; sends the SYN-ACK
 * @skb: the SYN that made it; eaten
 * @syn: its header
 * @cookie: for the SYN-ACK
 *
 * Its text is there for the user. Softirq.
 */
void xtcp_input_early(struct sock *sk, struct sk_buff *skb,
		      const struct xtcp_segment *syn,
		      const struct xtcp_fastopen_cookie *cookie);

/**
 * xtcp_input_fin_wait_2() - nobody owns @sk, and it came to FIN_WAIT_2
 * @sk: socket, locked
 *
 * Waits for the peer's FIN as long as fin_timeout_ms or TCP_LINGER2 say; ends
 * it at once, with RST, where TCP_LINGER2 is negative.
 */
void xtcp_input_fin_wait_2(struct sock *sk);

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
