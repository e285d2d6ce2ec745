// SPDX-License-Identifier: GPL-2.0
/* The tracepoints are made here, and the fields they share. */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <net/ipv6.h>

#define CREATE_TRACE_POINTS
#include <xtcp/trace.h>

static void set_end(u8 *addr4, u8 *addr6, u16 family, const void *addr)
{
	if (family == AF_INET) {
		memcpy(addr4, addr, sizeof(struct in_addr));
		ipv6_addr_set_v4mapped(*(const __be32 *)addr, (struct in6_addr *)addr6);
	} else {
		memcpy(addr6, addr, sizeof(struct in6_addr));
	}
}

static void set_ends(struct xtcp_trace_ends *ends, u16 family, const void *local,
		     __be16 local_port, const void *remote, __be16 remote_port)
{
	ends->family = family;
	ends->sport = ntohs(local_port);
	ends->dport = ntohs(remote_port);
	set_end(ends->saddr, ends->saddr_v6, family, local);
	set_end(ends->daddr, ends->daddr_v6, family, remote);
}

/* The header of @skb as far as the fixed part reaches, or NULL. */
static const struct tcphdr *header_of(const struct sk_buff *skb)
{
	if (!skb_transport_header_was_set(skb) ||
	    skb_tail_pointer(skb) < skb_transport_header(skb) + sizeof(struct tcphdr))
		return NULL;
	return tcp_hdr(skb);
}

static void ends_of_segment(struct xtcp_trace_ends *ends, const struct sk_buff *skb)
{
	const struct tcphdr *th = header_of(skb);
	__be16 local_port = th ? th->dest : 0, remote_port = th ? th->source : 0;

	if (!skb_transport_header_was_set(skb))
		return;			/* several copied into one */
	if (skb->protocol == htons(ETH_P_IP))
		set_ends(ends, AF_INET, &ip_hdr(skb)->daddr, local_port,
			 &ip_hdr(skb)->saddr, remote_port);
	else
		set_ends(ends, AF_INET6, &ipv6_hdr(skb)->daddr, local_port,
			 &ipv6_hdr(skb)->saddr, remote_port);
}

void xtcp_trace_ends(struct xtcp_trace_ends *ends, const struct xtcp_flow *flow,
		     const struct sk_buff *skb)
{
	const u8 *addrs;

	*ends = (struct xtcp_trace_ends){ };
	if (!flow) {
		ends_of_segment(ends, skb);
		return;
	}
	addrs = xtcp_flow_addrs(flow);
	set_ends(ends, flow->family, addrs, flow->local_port,
		 addrs + xtcp_flow_addrs_len(flow->family) / 2, flow->remote_port);
}

/* Whether the header was pulled already or not: @skb may have been queued. */
void xtcp_trace_header(struct xtcp_trace_header *h, const struct sk_buff *skb)
{
	const struct tcphdr *th = header_of(skb);
	unsigned int len;

	*h = (struct xtcp_trace_header){ };
	if (!th)
		return;
	len = skb->len + (skb->data - skb_transport_header(skb));
	h->seq = ntohl(th->seq);
	h->ack = ntohl(th->ack_seq);
	h->ctl = xtcp_control_bits(th);
	h->text_len = len - min_t(unsigned int, len, th->doff * 4);
}
