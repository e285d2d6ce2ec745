// SPDX-License-Identifier: GPL-2.0
/* Whose segment is it? What a look-up asks for, from the headers of a segment. */

#include <net/dsfield.h>
#include <net/inet_hashtables.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <xtcp/af.h>
#include <xtcp/flow.h>

void xtcp_ipv4_fill_key(struct xtcp_flow_key *key, struct xtcp_addrs4 *addrs,
			struct net *net, struct sk_buff *skb, const struct tcphdr *th,
			u8 protocol)
{
	addrs->local = ip_hdr(skb)->daddr;
	addrs->remote = ip_hdr(skb)->saddr;
	*key = (struct xtcp_flow_key){
		.net		= net,
		.addrs		= addrs,
		.local_port	= th->dest,
		.remote_port	= th->source,
		.dif		= inet_iif(skb),
		.sdif		= inet_sdif(skb),
		.family		= AF_INET,
		.protocol	= protocol,
		.tos		= ip_hdr(skb)->tos,
	};
}

void xtcp_ipv4_fill_quoted_key(struct xtcp_flow_key *key, struct xtcp_addrs4 *addrs,
			       const struct sk_buff *skb, const struct iphdr *iph,
			       const __be16 *ports, u8 protocol)
{
	addrs->local = iph->saddr;
	addrs->remote = iph->daddr;
	*key = (struct xtcp_flow_key){
		.net		= dev_net(skb->dev),
		.addrs		= addrs,
		.local_port	= ports[0],
		.remote_port	= ports[1],
		.dif		= inet_iif(skb),
		.sdif		= inet_sdif(skb),
		.family		= AF_INET,
		.protocol	= protocol,
	};
}

#if IS_ENABLED(CONFIG_IPV6)

/* The device that a link-local peer is meant on (RFC 4007 section 6). */
static int scope_of(const struct in6_addr *remote, int dif)
{
	return ipv6_addr_type(remote) & IPV6_ADDR_LINKLOCAL ? dif : 0;
}

void xtcp_ipv6_fill_key(struct xtcp_flow_key *key, struct xtcp_addrs6 *addrs,
			struct net *net, struct sk_buff *skb, const struct tcphdr *th,
			u8 protocol)
{
	addrs->local = ipv6_hdr(skb)->daddr;
	addrs->remote = ipv6_hdr(skb)->saddr;
	*key = (struct xtcp_flow_key){
		.net		= net,
		.addrs		= addrs,
		.local_port	= th->dest,
		.remote_port	= th->source,
		.dif		= inet6_iif(skb),
		.sdif		= inet6_sdif(skb),
		.scope		= scope_of(&addrs->remote, inet6_iif(skb)),
		.family		= AF_INET6,
		.protocol	= protocol,
		.tos		= ipv6_get_dsfield(ipv6_hdr(skb)),
	};
}

void xtcp_ipv6_fill_quoted_key(struct xtcp_flow_key *key, struct xtcp_addrs6 *addrs,
			       const struct sk_buff *skb, const struct ipv6hdr *ip6h,
			       const __be16 *ports, u8 protocol)
{
	addrs->local = ip6h->saddr;
	addrs->remote = ip6h->daddr;
	*key = (struct xtcp_flow_key){
		.net		= dev_net(skb->dev),
		.addrs		= addrs,
		.local_port	= ports[0],
		.remote_port	= ports[1],
		.dif		= inet6_iif(skb),
		.sdif		= inet6_sdif(skb),
		.family		= AF_INET6,
		.protocol	= protocol,
	};
}

#endif
