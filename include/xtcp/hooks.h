/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protocol 6 on the wire, so that xtcp can talk to any TCP: wire/hooks.c takes
 * segments for us from under the kernel's TCP, table/reserve.c keeps our ports
 * from it.
 */
#ifndef _XTCP_HOOKS_H
#define _XTCP_HOOKS_H

#include <linux/in.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <uapi/linux/xtcp.h>

struct ctl_table;
struct sock;
struct xtcp_net;

/*
 * In skb->cb, between the hook and our handler: it came as protocol 6. A bit
 * that the kernel's IPSKB_* and IP6SKB_* do not use.
 */
#define XTCP_CAME_AS_TCP BIT(15)

static inline u8 xtcp_hooks_protocol4(const struct sk_buff *skb)
{
	return IPCB(skb)->flags & XTCP_CAME_AS_TCP ? IPPROTO_TCP : IPPROTO_XTCP;
}

static inline u8 xtcp_hooks_protocol6(const struct sk_buff *skb)
{
	return IP6CB(skb)->flags & XTCP_CAME_AS_TCP ? IPPROTO_TCP : IPPROTO_XTCP;
}

/* It is with us: IPsec policies, filters and TCP_SAVED_SYN see what was sent. */
static inline void xtcp_hooks_arrived4(struct sk_buff *skb)
{
	if (IPCB(skb)->flags & XTCP_CAME_AS_TCP)
		ip_hdr(skb)->protocol = IPPROTO_TCP;
}

static inline void xtcp_hooks_arrived6(struct sk_buff *skb)
{
	if (IP6CB(skb)->flags & XTCP_CAME_AS_TCP)
		skb_network_header(skb)[IP6CB(skb)->nhoff] = IPPROTO_TCP;
}

/* wire/hooks.c */

/**
 * xtcp_hooks_use() - @sk is about to get a port: what it speaks, from now on
 * @sk: socket without a port, locked
 *
 * Sets flow.protocol from wire_protocol. The hooks stand in a namespace as long as
 * anything there speaks protocol 6. Process context.
 * Return: 0; -EPERM if the caller may not; -EOPNOTSUPP without netfilter; -ENOMEM.
 */
int xtcp_hooks_use(struct sock *sk);
/* Return: 0. */
int xtcp_hooks_init(struct xtcp_net *xn);
/* Out of the namespace's packet path. Process context. */
void xtcp_hooks_exit(struct xtcp_net *xn);

/* wire/rights.c */

/* May the current process speak protocol 6 in this namespace? Process context. */
bool xtcp_hooks_allowed(struct xtcp_net *xn);
/* Fill the row of wire_protocol_6_group_range. */
void xtcp_hooks_groups_row(struct xtcp_net *xn, struct ctl_table *row);
void xtcp_hooks_init_groups(struct xtcp_net *xn);

#endif
