/* SPDX-License-Identifier: GPL-2.0 */
/* Which segments go no further, and their end: segment/drop.c. */
#ifndef _XTCP_DROP_H
#define _XTCP_DROP_H

#include <xtcp/counters.h>

struct sk_buff;
struct sock;
struct xtcp_net;

/**
 * xtcp_drop_judge() - may a segment pass?
 * @sk: socket or listener it is for, after which no one else judges; NULL: no one,
 *	or a TIME_WAIT
 * @skb: header linear; a filter may shorten it, not by its header
 * @family: of @skb
 *
 * IPsec policy, how far it came, the socket's filter, its cgroup's programs, security
 * modules. Softirq, RCU.
 */
enum xtcp_drop xtcp_drop_judge(struct sock *sk, struct sk_buff *skb, u8 family);

/**
 * xtcp_drop_too_far() - Generalized TTL Security Mechanism (RFC 5082)
 * @sk: socket or listener
 * @family: of the packet
 * @ttl: its TTL or hop limit
 *
 * Return: whether it came from farther than the user allows (IP_MINTTL, IPV6_MINHOPCOUNT).
 */
bool xtcp_drop_too_far(const struct sock *sk, u8 family, u8 ttl);

/**
 * xtcp_drop_segment() - free a segment
 * @xn: namespace
 * @skb: eaten
 * @drop: enum xtcp_drop, counted; XTCP_DROP_NONE: it was used up
 *
 * Any context.
 */
void xtcp_drop_segment(struct xtcp_net *xn, struct sk_buff *skb, unsigned int drop);

#endif
