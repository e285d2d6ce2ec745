/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the route of a connection says of it: ip-route(8). Under the socket lock, and with it
 * the route stays, for whoever lets go of it takes the lock (IP_TOS, SO_MARK,
 * SO_BINDTODEVICE). Its device stays as long as RCU keeps it: rtnl is another lock.
 */
#ifndef _XTCP_ROUTE_H
#define _XTCP_ROUTE_H

#include <linux/rtnetlink.h>
#include <net/dst.h>
#include <xtcp/sock.h>

#define XTCP_INITIAL_CWND_MAX 16384U	/* octets of so many segments of 64 KiB fit into 32 bits */

/* RTAX_... @metric; 0: the route says nothing, or there is none. */
static inline u32 xtcp_route_metric(const struct sock *sk, int metric)
{
	/* Which is not const before 6.5. */
	const struct dst_entry *dst = __sk_dst_get((struct sock *)sk);

	return dst ? dst_metric(dst, metric) : 0;
}

/* rto_min; 0: the route says nothing. */
static inline u32 xtcp_route_rto_min_ms(const struct sock *sk)
{
	u32 most_ms = xtcp_sk_knob(sk, rto_max_ms);

	return min(xtcp_route_metric(sk, RTAX_RTO_MIN), most_ms);
}

/* The floor of RTO: the socket's own, the route's, or the knob. */
static inline u32 xtcp_rto_min_ms(const struct sock *sk)
{
	u32 own_ms = READ_ONCE(xtcp_sk(sk)->own->knobs.rto_min_ms);

	if (own_ms != XTCP_OWN_UNSET)
		return own_ms;
	return xtcp_route_rto_min_ms(sk) ?: xtcp_knob(xtcp_sk_net(sk), rto_min_ms);
}

/* Segments that may go before the first ACK (RFC 6928): the route's, or the knob. */
static inline u32 xtcp_initial_cwnd(const struct sock *sk)
{
	return min(xtcp_route_metric(sk, RTAX_INITCWND), XTCP_INITIAL_CWND_MAX) ?:
	       xtcp_knob(xtcp_sk_net(sk), initial_cwnd);
}

/* Another path, if the administrator lets us (net.core.txrehash): where IP chooses by the hash, too. */
static inline void xtcp_rehash(struct sock *sk)
{
	if (sk_rethink_txhash(sk) && XTCP_ECMP_TXHASH && xtcp_sk(sk)->flow.family == AF_INET6)
		__sk_dst_reset(sk);
}

#endif
