/* SPDX-License-Identifier: GPL-2.0 */
/* What ICMP says of a flow: wire/icmp.c. */
#ifndef _XTCP_ICMP_H
#define _XTCP_ICMP_H

#include <linux/errqueue.h>
#include <linux/types.h>

struct sk_buff;
struct sock;
struct tcphdr;
struct xtcp_request;

enum xtcp_icmp_what {
	XTCP_ICMP_ERROR,		/* a router or host reports that no one can be reached */
	XTCP_ICMP_TOO_BIG,		/* the path takes no more than ee.ee_info octets (RFC 1191) */
	XTCP_ICMP_REDIRECT,		/* a better first hop (RFC 1122 3.2.2.2, RFC 4861 8.3) */
};

/* A message of ICMP or ICMPv6. */
struct xtcp_icmp {
	struct sk_buff *skb;		/* ->data at the IP header it quotes */
	const struct tcphdr *th;	/* quoted; of ours, its first 8 octets */
	const void *daddr;		/* quoted; where the segment went */
	u8 ttl;				/* quoted; what the segment had left */
	u8 what;			/* enum xtcp_icmp_what */
	bool ends_request;		/* half-open connections end by it */
	struct sock_extended_err ee;	/* what it says (ip(7), IP_RECVERR) */
};

/**
 * xtcp_icmp_tell_socket() - what ICMP says to a connection
 * @sk: whose segment is quoted
 * @icmp: the message; ignored unless the quoted sequence number is outstanding
 *	(RFC 5927 4)
 *
 * Context: softirq, RCU, socket's spinlock; the user may hold the socket.
 */
void xtcp_icmp_tell_socket(struct sock *sk, const struct xtcp_icmp *icmp);

/* The same to a half-open connection, whose SYN-ACK is quoted. Softirq, RCU. */
void xtcp_icmp_tell_request(struct xtcp_request *req, const struct xtcp_icmp *icmp);

/* Is what quotes a segment of @sk's from too far (RFC 5082)? Counted. */
bool xtcp_icmp_from_too_far(const struct sock *sk, u8 family, const struct xtcp_icmp *icmp);

/* A path MTU that came while the user held the socket: release_cb. */
void xtcp_icmp_pmtu_deferred(struct sock *sk);

#endif
