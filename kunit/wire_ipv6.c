// SPDX-License-Identifier: GPL-2.0
/* IPv6 on the virtual wire: two unique local addresses. */

#include <linux/kconfig.h>

#if IS_ENABLED(CONFIG_IPV6)

#include <linux/icmpv6.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include "wire_ip.h"

static struct dst_entry *route(const struct wire_packet *p)
{
	struct flowi6 fl6 = {
		.saddr = p->saddr.in6,
		.daddr = p->daddr.in6,
		.flowi6_proto = p->protocol,
	};
	struct dst_entry *dst = ip6_route_output(&init_net, NULL, &fl6);

	if (!dst->error)
		return dst;
	dst_release(dst);
	return NULL;
}

/* So that a path below 1280 is announced as what it is. */
static void open(struct wire *w)
{
	w->old_min_advmss6 = init_net.ipv6.sysctl.ip6_rt_min_advmss;
	WRITE_ONCE(init_net.ipv6.sysctl.ip6_rt_min_advmss, XTCP_MSS_MIN);
}

static void close(struct wire *w)
{
	WRITE_ONCE(init_net.ipv6.sysctl.ip6_rt_min_advmss, w->old_min_advmss6);
}

static void parse(const struct sk_buff *skb, struct wire_packet *p)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	*p = (struct wire_packet){
		.saddr.in6 = ip6h->saddr,
		.daddr.in6 = ip6h->daddr,
		.protocol = ip6h->nexthdr,
		.whole = true,
		.fragment = ip6h->nexthdr == NEXTHDR_FRAGMENT,
		.header_len = sizeof(*ip6h),
	};
}

static void push(struct sk_buff *skb, const struct wire_packet *p)
{
	unsigned int len = skb->len;
	struct ipv6hdr *ip6h = skb_push(skb, sizeof(*ip6h));

	skb_reset_network_header(skb);
	*ip6h = (struct ipv6hdr){
		.version = 6,
		.hop_limit = 64,
		.nexthdr = p->protocol,
		.payload_len = htons(len),
		.saddr = p->saddr.in6,
		.daddr = p->daddr.in6,
	};
}

static __sum16 checksum(const struct wire_packet *p, unsigned int len, __wsum sum)
{
	return csum_ipv6_magic(&p->saddr.in6, &p->daddr.in6, len, p->protocol, sum);
}

static const struct {
	u8 type, code;
} icmp6[] = {
	[WIRE_NET_UNREACHABLE]	= { ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE },
	[WIRE_HOST_UNREACHABLE]	= { ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH },
	[WIRE_PORT_UNREACHABLE]	= { ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH },
	[WIRE_PROHIBITED]	= { ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED },
	[WIRE_TOO_BIG]		= { ICMPV6_PKT_TOOBIG, 0 },
};

static void push_icmp(struct sk_buff *skb, enum wire_icmp what, u32 mtu,
		      const struct wire_packet *p)
{
	struct wire_packet packet = *p;
	struct icmp6hdr *icmp = skb_push(skb, sizeof(*icmp));

	packet.protocol = IPPROTO_ICMPV6;
	*icmp = (struct icmp6hdr){
		.icmp6_type = icmp6[what].type,
		.icmp6_code = icmp6[what].code,
		.icmp6_mtu = htonl(mtu),
	};
	icmp->icmp6_cksum = checksum(&packet, skb->len, csum_partial(icmp, skb->len, 0));
	push(skb, &packet);
}

static int sockaddr(const union nf_inet_addr *addr, u16 port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	in6->sin6_family = AF_INET6;
	in6->sin6_addr = addr->in6;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

/* fd00::1 and fd00::2 */
const struct wire_ip wire_ipv6 = {
	.family = AF_INET6,
	.pf = NFPROTO_IPV6,
	.ethertype = htons(ETH_P_IPV6),
	.header_len = sizeof(struct ipv6hdr),
	.addr_len = sizeof(struct in6_addr),
	.addr = {
		{ .in6.s6_addr = { [0] = 0xfd, [15] = 1 } },
		{ .in6.s6_addr = { [0] = 0xfd, [15] = 2 } },
	},
	.open = open,
	.close = close,
	.parse = parse,
	.push = push,
	.checksum = checksum,
	.route = route,
	.push_icmp = push_icmp,
	.sockaddr = sockaddr,
};

#endif
