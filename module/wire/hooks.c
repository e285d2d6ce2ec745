// SPDX-License-Identifier: GPL-2.0
/*
 * Protocol 6 on the wire. The inet layer knows one handler for each protocol,
 * and protocol 6 has one. So a netfilter hook at the end of the way in looks
 * whether a segment is for us, and if so gives it our own protocol number, with
 * a mark of what it was; on the way out, another gives our segments protocol 6
 * before anyone else sees them. Everything else reaches the kernel's TCP as it
 * came. The hooks exist in namespaces that speak protocol 6, from the first
 * socket that does.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/inet_common.h>
#include <net/ip6_checksum.h>
#include <xtcp/af.h>
#include <xtcp/hooks.h>
#include <xtcp/port.h>
#include <xtcp/sock.h>

#if IS_ENABLED(CONFIG_NETFILTER)

/* --- the way in ------------------------------------------------------------- */

/*
 * A flow, or at least a port of ours. Early demux found a connection of the
 * kernel's? Then it is that one's, older than our hold on the port.
 */
static bool ours(const struct sk_buff *skb, const struct xtcp_flow_key *key)
{
	return xtcp_flow_lookup(key) || (!skb->sk && xtcp_port_held(key));
}

static bool is_ours4(struct sk_buff *skb)
{
	unsigned int offset = skb_network_offset(skb) + ip_hdrlen(skb);
	struct xtcp_addrs4 addrs;
	struct xtcp_flow_key key;
	struct tcphdr th;

	if (ip_is_fragment(ip_hdr(skb)) || skb_copy_bits(skb, offset, &th, sizeof(th)))
		return false;
	xtcp_ipv4_fill_key(&key, &addrs, skb, &th, IPPROTO_TCP);
	return ours(skb, &key);
}

/* Pull @skb to the IP header that an ICMP error quotes; false: it is none for us. */
static bool at_quote4(struct sk_buff *skb, u32 *info)
{
	const struct iphdr *iph;
	const struct icmphdr *icmp;

	__skb_pull(skb, skb_network_offset(skb) + ip_hdrlen(skb));
	skb_reset_transport_header(skb);
	if (skb_checksum_simple_validate(skb) ||
	    !pskb_may_pull(skb, sizeof(*icmp) + sizeof(*iph)))
		return false;
	icmp = icmp_hdr(skb);
	if (!icmp_is_err(icmp->type))
		return false;
	*info = ntohs(icmp->un.frag.mtu);
	__skb_pull(skb, sizeof(*icmp));
	iph = (const struct iphdr *)skb->data;
	return iph->protocol == IPPROTO_TCP && pskb_may_pull(skb, iph->ihl * 4 + 8);
}

/* The kernel's TCP gets the message as well, and finds no one. */
static void icmp4(struct sk_buff *skb)
{
	struct sk_buff *quote;
	u32 info;

	if (ip_is_fragment(ip_hdr(skb)))
		return;
	quote = skb_clone(skb, GFP_ATOMIC);
	if (!quote)
		return;
	if (at_quote4(quote, &info))
		xtcp_ipv4_icmp_error(quote, info);
	consume_skb(quote);
}

static unsigned int in4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (ip_hdr(skb)->protocol == IPPROTO_ICMP) {
		icmp4(skb);
		return NF_ACCEPT;
	}
	if (ip_hdr(skb)->protocol != IPPROTO_TCP || !is_ours4(skb))
		return NF_ACCEPT;
	/* Who watches the device has a copy, which stays as it is. */
	if (skb_ensure_writable(skb, skb_network_offset(skb) + ip_hdrlen(skb)))
		return NF_DROP;
	ip_hdr(skb)->protocol = IPPROTO_XTCP;
	IPCB(skb)->flags |= XTCP_CAME_AS_TCP;
	return NF_ACCEPT;
}

#if IS_ENABLED(CONFIG_IPV6)

static bool is_ours6(struct sk_buff *skb)
{
	struct xtcp_addrs6 addrs;
	struct xtcp_flow_key key;
	struct tcphdr th;

	if (skb_copy_bits(skb, skb_transport_offset(skb), &th, sizeof(th)))
		return false;
	xtcp_ipv6_fill_key(&key, &addrs, skb, &th, IPPROTO_TCP);
	return ours(skb, &key);
}

/* The same for ICMPv6; our own header is @offset behind the quoted one. */
static bool at_quote6(struct sk_buff *skb, struct icmp6hdr *icmp, int *offset)
{
	__be16 frag_off;
	u8 nexthdr;

	__skb_pull(skb, skb_transport_offset(skb));
	if (skb_checksum_validate(skb, IPPROTO_ICMPV6, ip6_compute_pseudo) ||
	    !pskb_may_pull(skb, sizeof(*icmp) + sizeof(struct ipv6hdr)))
		return false;
	*icmp = *icmp6_hdr(skb);
	if (icmp->icmp6_type & ICMPV6_INFOMSG_MASK)
		return false;
	__skb_pull(skb, sizeof(*icmp));
	nexthdr = ((const struct ipv6hdr *)skb->data)->nexthdr;
	*offset = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), &nexthdr, &frag_off);
	return *offset >= 0 && nexthdr == IPPROTO_TCP && pskb_may_pull(skb, *offset + 8);
}

static void icmp6(struct sk_buff *skb)
{
	struct sk_buff *quote = skb_clone(skb, GFP_ATOMIC);
	struct icmp6hdr icmp;
	int offset;

	if (!quote)
		return;
	if (at_quote6(quote, &icmp, &offset))
		xtcp_ipv6_quoted(quote, IPPROTO_TCP, icmp.icmp6_type, icmp.icmp6_code,
				 offset, icmp.icmp6_mtu);
	consume_skb(quote);
}

/* Behind extension headers that the host itself reads, only from the hop on. */
static unsigned int in6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	u8 nexthdr = skb_network_header(skb)[IP6CB(skb)->nhoff];

	if (nexthdr == IPPROTO_ICMPV6) {
		icmp6(skb);
		return NF_ACCEPT;
	}
	if (nexthdr != IPPROTO_TCP || !is_ours6(skb))
		return NF_ACCEPT;
	if (skb_ensure_writable(skb, skb_transport_offset(skb)))
		return NF_DROP;
	skb_network_header(skb)[IP6CB(skb)->nhoff] = IPPROTO_XTCP;
	IP6CB(skb)->flags |= XTCP_CAME_AS_TCP;
	return NF_ACCEPT;
}

#endif

/* --- the way out -------------------------------------------------------------- */

static bool speaks_tcp(const struct sock *sk)
{
	return sk && sk_fullsock(sk) && sk->sk_protocol == IPPROTO_XTCP &&
	       sk->sk_type == SOCK_STREAM &&
	       xtcp_sk(sk)->flow.protocol == IPPROTO_TCP;
}

/* IPv6 takes the protocol from the flow; IPv4 from the socket, where it is 253. */
static unsigned int out4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct iphdr *iph = ip_hdr(skb);

	if (iph->protocol == IPPROTO_XTCP && speaks_tcp(skb->sk)) {
		iph->protocol = IPPROTO_TCP;
		ip_send_check(iph);
	}
	return NF_ACCEPT;
}

/* After those who filter and translate on the way in, before them on the way out. */
static const struct nf_hook_ops hooks[] = {
	{
		.hook		= in4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP_PRI_LAST,
	}, {
		.hook		= out4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= NF_IP_PRI_FIRST,
	},
#if IS_ENABLED(CONFIG_IPV6)
	{
		.hook		= in6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP6_PRI_LAST,
	},
#endif
};

static int hook_up(struct xtcp_net *xn)
{
	int err;

	err = inet_ctl_sock_create(&xn->ctl_sk_tcp, PF_INET, SOCK_RAW, IPPROTO_TCP, xn->net);
	if (err)
		return err;
	err = nf_register_net_hooks(xn->net, hooks, ARRAY_SIZE(hooks));
	if (err) {
		inet_ctl_sock_destroy(xn->ctl_sk_tcp);
		return err;
	}
	xn->hooked = true;
	return 0;
}

void xtcp_hooks_exit(struct xtcp_net *xn)
{
	if (!xn->hooked)
		return;
	nf_unregister_net_hooks(xn->net, hooks, ARRAY_SIZE(hooks));
	/* Ports given back meanwhile hold sockets of this namespace. */
	rcu_barrier();
	xtcp_reserve_flush();
	inet_ctl_sock_destroy(xn->ctl_sk_tcp);
}

#else

static int hook_up(struct xtcp_net *xn)
{
	return -EOPNOTSUPP;
}

void xtcp_hooks_exit(struct xtcp_net *xn)
{
}

#endif

int xtcp_hooks_use(struct sock *sk)
{
	struct xtcp_net *xn = xtcp_sk_net(sk);
	u8 protocol = xtcp_sk_knob(sk, wire_protocol);
	int err = 0;

	if (protocol == IPPROTO_TCP) {
		mutex_lock(&xn->hooks_lock);
		if (!xn->hooked)
			err = hook_up(xn);
		mutex_unlock(&xn->hooks_lock);
	}
	if (!err)
		xtcp_sk(sk)->flow.protocol = protocol;
	return err;
}

int xtcp_hooks_init(struct xtcp_net *xn)
{
	mutex_init(&xn->hooks_lock);
	return 0;
}
