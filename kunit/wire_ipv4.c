// SPDX-License-Identifier: GPL-2.0
/* IPv4 on the virtual wire: two addresses out of 127/8. */

#include <linux/icmp.h>
#include <net/ip.h>
#include <net/route.h>
#include "wire_ip.h"

static void open(struct wire *w)
{
}

/* Forget path MTUs learned from ICMP. */
static void close(struct wire *w)
{
	fnhe_genid_bump(&init_net);
	rt_genid_bump_ipv4(&init_net);
}

static void parse(const struct sk_buff *skb, struct wire_packet *p)
{
	const struct iphdr *iph = ip_hdr(skb);

	*p = (struct wire_packet){
		.saddr.ip = iph->saddr,
		.daddr.ip = iph->daddr,
		.protocol = iph->protocol,
		.whole = iph->frag_off == htons(IP_DF),
		.fragment = ip_is_fragment(iph),
		.id = ntohs(iph->id),
		.header_len = iph->ihl * 4,
	};
}

static void push(struct sk_buff *skb, const struct wire_packet *p)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	*iph = (struct iphdr){
		.version = 4,
		.ihl = sizeof(*iph) / 4,
		.ttl = 64,
		.protocol = p->protocol,
		.tot_len = htons(skb->len),
		.saddr = p->saddr.ip,
		.daddr = p->daddr.ip,
	};
	ip_send_check(iph);
}

static __sum16 checksum(const struct wire_packet *p, unsigned int len, __wsum sum)
{
	return csum_tcpudp_magic(p->saddr.ip, p->daddr.ip, len, p->protocol, sum);
}

static struct dst_entry *route(const struct wire_packet *p)
{
	struct flowi4 fl4 = {
		.saddr = p->saddr.ip,
		.daddr = p->daddr.ip,
		.flowi4_proto = p->protocol,
	};
	struct rtable *rt = ip_route_output_key(&init_net, &fl4);

	return IS_ERR(rt) ? NULL : &rt->dst;
}

static const u8 icmp_code[] = {
	[WIRE_NET_UNREACHABLE]	= ICMP_NET_UNREACH,
	[WIRE_HOST_UNREACHABLE]	= ICMP_HOST_UNREACH,
	[WIRE_PORT_UNREACHABLE]	= ICMP_PORT_UNREACH,
	[WIRE_PROHIBITED]	= ICMP_PKT_FILTERED,
	[WIRE_TOO_BIG]		= ICMP_FRAG_NEEDED,
};

static void push_icmp(struct sk_buff *skb, enum wire_icmp what, u32 mtu,
		      const struct wire_packet *p)
{
	struct wire_packet packet = *p;
	struct icmphdr *icmp = skb_push(skb, sizeof(*icmp));

	*icmp = (struct icmphdr){
		.type = ICMP_DEST_UNREACH,
		.code = icmp_code[what],
		.un.frag.mtu = htons(mtu),
	};
	icmp->checksum = csum_fold(csum_partial(icmp, skb->len, 0));
	packet.protocol = IPPROTO_ICMP;
	push(skb, &packet);
}

static int sockaddr(const union nf_inet_addr *addr, u16 port, struct sockaddr_storage *to)
{
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = addr->ip;
	in->sin_port = htons(port);
	return sizeof(*in);
}

const struct wire_ip wire_ipv4 = {
	.family = AF_INET,
	.pf = NFPROTO_IPV4,
	.ethertype = htons(ETH_P_IP),
	.header_len = sizeof(struct iphdr),
	.addr_len = sizeof(struct in_addr),
	.addr = { { .ip = htonl(0x7f010001) }, { .ip = htonl(0x7f010002) } },
	.open = open,
	.close = close,
	.parse = parse,
	.push = push,
	.checksum = checksum,
	.route = route,
	.push_icmp = push_icmp,
	.sockaddr = sockaddr,
};
