/* SPDX-License-Identifier: GPL-2.0 */
/* All that differs between address families on the virtual wire, for wire.c. */
#ifndef _XTCP_KUNIT_WIRE_IP_H
#define _XTCP_KUNIT_WIRE_IP_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include "wire.h"

/* An IP header, as far as the wire looks at it. */
struct wire_packet {
	union nf_inet_addr saddr, daddr;
	u8 protocol;
	bool whole;			/* no router may cut it up */
	bool fragment;
	u16 id;				/* of IPv4 */
	unsigned int header_len;
};

struct wire_ip {
	u8 family;
	u8 pf;				/* of the netfilter hook */
	__be16 ethertype;
	u8 header_len;			/* without options */
	u8 addr_len;
	union nf_inet_addr addr[2];	/* of A and of B */

	/* Before there are routes to the addresses, and after. */
	void (*open)(struct wire *w);
	void (*close)(struct wire *w);

	void (*parse)(const struct sk_buff *skb, struct wire_packet *p);
	void (*push)(struct sk_buff *skb, const struct wire_packet *p);
	/* Of @sum with the pseudo header: what belongs into th->check. */
	__sum16 (*checksum)(const struct wire_packet *p, unsigned int len, __wsum sum);
	struct dst_entry *(*route)(const struct wire_packet *p);
	/* Put an ICMP header in front of the quoted packet, and one for IP. */
	void (*push_icmp)(struct sk_buff *skb, enum wire_icmp what, u32 mtu,
			  const struct wire_packet *p);
	/* Returns the length. */
	int (*sockaddr)(const union nf_inet_addr *addr, u16 port,
			struct sockaddr_storage *to);
};

extern const struct wire_ip wire_ipv4;
#if IS_ENABLED(CONFIG_IPV6)
extern const struct wire_ip wire_ipv6;
#endif

/* What the routes to both addresses are. */
struct wire_route {
	unsigned int mtu;		/* octets of a packet; lo may take more */
	unsigned int metric;		/* RTAX_..., 0: none; locked (ip-route(8)) */
	u32 value;
	u8 type;			/* RTN_..., 0: RTN_LOCAL, both are this host's */
};

/* 0 or -errno. */
int wire_ip_routes(const struct wire_ip *ip, const struct wire_route *route);
void wire_ip_no_routes(const struct wire_ip *ip);

#endif
