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
#include <net/inet6_hashtables.h>
#include <net/inet_common.h>
#include <net/inet_hashtables.h>
#include <net/ip6_checksum.h>
#include <xtcp/af.h>
#include <xtcp/hooks.h>
#include <xtcp/port.h>
#include <xtcp/sock.h>

#if IS_ENABLED(CONFIG_NETFILTER)

/* --- the kernel's own connections --------------------------------------------- */

static struct sock *lookup_kernels(const struct xtcp_flow_key *key)
{
	struct inet_hashinfo *table = key->net->ipv4.tcp_death_row.hashinfo;
	u16 num = ntohs(key->local_port);

	if (key->family == AF_INET) {
		const struct xtcp_addrs4 *addrs = key->addrs;

		return __inet_lookup_established(key->net, table, addrs->remote,
						 key->remote_port, addrs->local, num,
						 key->dif, key->sdif);
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (key->family == AF_INET6) {
		const struct xtcp_addrs6 *addrs = key->addrs;

		return __inet6_lookup_established(key->net, table, &addrs->remote,
						  key->remote_port, &addrs->local, num,
						  key->dif, key->sdif);
	}
#endif
	return NULL;
}

int xtcp_hooks_kernels_state(const struct xtcp_flow_key *key)
{
	struct sock *sk;
	int state = 0;

	rcu_read_lock();
	sk = lookup_kernels(key);
	if (sk) {
		state = sk->sk_state;
		sock_gen_put(sk);
	}
	rcu_read_unlock();
	return state;
}

/* --- the way in ------------------------------------------------------------- */

/*
 * A flow of ours, or at least a port, and no connection of the kernel's: such may
 * be older than our hold on the port. Its TIME_WAIT keeps no SYN from our listener.
 */
static bool ours(const struct xtcp_flow_key *key, const struct tcphdr *th)
{
	int state;

	if (xtcp_flow_lookup(key))
		return true;
	if (!xtcp_port_held(key))
		return false;
	state = xtcp_hooks_kernels_state(key);
	return !state || (state == TCP_TIME_WAIT && th->syn && !th->ack);
}

static bool is_ours4(struct sk_buff *skb)
{
	unsigned int offset = skb_network_offset(skb) + ip_hdrlen(skb);
	struct xtcp_addrs4 addrs;
	struct xtcp_flow_key key;
	struct tcphdr th;

	if (ip_is_fragment(ip_hdr(skb)) || skb_copy_bits(skb, offset, &th, sizeof(th)))
		return false;
	xtcp_ipv4_fill_key(&key, &addrs, dev_net(skb->dev), skb, &th, IPPROTO_TCP);
	return ours(&key, &th);
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
	skb_orphan(skb);		/* early demux found a TIME_WAIT, perhaps */
	ip_hdr(skb)->protocol = IPPROTO_XTCP;
	IPCB(skb)->flags |= XTCP_CAME_AS_TCP;
	return NF_ACCEPT;
}

#if IS_ENABLED(CONFIG_IPV6)

/*
 * Where the TCP header is, and the octet that says so; behind destination options,
 * which the host has not read yet. False: there is none.
 */
static bool find_tcp6(const struct sk_buff *skb, unsigned int *nhoff,
		      unsigned int *offset)
{
	const struct ipv6_opt_hdr *hdr;
	struct ipv6_opt_hdr buffer;
	u8 nexthdr;

	*nhoff = IP6CB(skb)->nhoff;
	*offset = skb_transport_offset(skb);
	nexthdr = skb_network_header(skb)[*nhoff];
	while (nexthdr == NEXTHDR_DEST) {
		hdr = skb_header_pointer(skb, *offset, sizeof(buffer), &buffer);
		if (!hdr)
			return false;
		nexthdr = hdr->nexthdr;
		*nhoff = *offset - skb_network_offset(skb);
		*offset += ipv6_optlen(hdr);
	}
	return nexthdr == IPPROTO_TCP;
}

static bool is_ours6(struct sk_buff *skb, unsigned int offset)
{
	struct xtcp_addrs6 addrs;
	struct xtcp_flow_key key;
	struct tcphdr th;

	if (skb_copy_bits(skb, offset, &th, sizeof(th)))
		return false;
	xtcp_ipv6_fill_key(&key, &addrs, dev_net(skb->dev), skb, &th, IPPROTO_TCP);
	return ours(&key, &th);
}

/* The device's checksum, where it made one, is over this octet as well. */
static void write_nexthdr(struct sk_buff *skb, unsigned int nhoff)
{
	u8 *nexthdr = skb_network_header(skb) + nhoff;

	skb_postpull_rcsum(skb, nexthdr, sizeof(*nexthdr));
	*nexthdr = IPPROTO_XTCP;
	skb_postpush_rcsum(skb, nexthdr, sizeof(*nexthdr));
}

/* The same for ICMPv6; our own header is @offset behind the quoted one. */
static bool at_quote6(struct sk_buff *skb, struct icmp6hdr *icmp, int *offset)
{
	__be16 frag_off;
	u8 nexthdr;

	skb_pull_rcsum(skb, skb_transport_offset(skb));
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

static unsigned int in6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	unsigned int nhoff, offset;

	if (skb_network_header(skb)[IP6CB(skb)->nhoff] == IPPROTO_ICMPV6) {
		icmp6(skb);
		return NF_ACCEPT;
	}
	if (!find_tcp6(skb, &nhoff, &offset) || !is_ours6(skb, offset))
		return NF_ACCEPT;
	if (skb_ensure_writable(skb, offset))
		return NF_DROP;
	skb_orphan(skb);
	write_nexthdr(skb, nhoff);
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

int xtcp_hooks_kernels_state(const struct xtcp_flow_key *key)
{
	return 0;
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
