// SPDX-License-Identifier: GPL-2.0
/*
 * Protocol 6 on the wire. The inet layer knows one handler for each protocol,
 * and protocol 6 has one. So a netfilter hook at the end of the way in looks
 * whether a segment is for us, and if so gives it our own protocol number, with
 * a mark of what it was; on the way out, another gives our segments protocol 6
 * before anyone else sees them. Everything else reaches the kernel's TCP as it
 * came. The hooks exist in namespaces that speak protocol 6, from the first
 * socket that does to the last, or its TIME_WAIT.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/inet_sock.h>
#include <net/ip6_checksum.h>
#include <xtcp/af.h>
#include <xtcp/compat.h>
#include <xtcp/hooks.h>
#include <xtcp/kernels.h>
#include <xtcp/listener.h>
#include <xtcp/reserve.h>
#include <xtcp/sock.h>
#include <xtcp/timewait.h>

#if IS_ENABLED(CONFIG_NETFILTER)

/* --- the way in ------------------------------------------------------------- */

/*
 * Whose is it already? Early demux found a connection of the kernel's, or a program
 * of the administrator's (nft tproxy, BPF) gave it to a socket. A TIME_WAIT is no
 * answer yet: it keeps no SYN from our listener. CLOSED is what stands there for one
 * of ours (table/reserve.c).
 */
static bool taken(const struct sk_buff *skb)
{
	return skb->sk && skb->sk->sk_state != TCP_TIME_WAIT && skb->sk->sk_state != TCP_CLOSE;
}

/*
 * Our TIME_WAIT keeps no port, and its 4-tuple from us alone. It goes when a life of
 * the kernel's begins there: its connect() has had an answer, or a SYN that is new
 * (RFC 1122 4.2.2.13) comes to a listener of its, and to none of ours. Where nobody
 * listens, a SYN is answered by the TIME_WAIT, and does not end it.
 */
static bool outlived(struct xtcp_flow *flow, const struct xtcp_flow_key *key,
		     const struct tcphdr *th)
{
	struct xtcp_time_wait *tw = container_of(flow, struct xtcp_time_wait, flow);
	int state = xtcp_kernels_state(key);
	bool over = state && state != TCP_TIME_WAIT;

	if (th->syn && !th->ack)
		over = after(ntohl(th->seq), READ_ONCE(tw->rcv_nxt)) &&
		       !xtcp_listener_lookup(key, NULL) && (over || xtcp_kernels_listens(key));
	if (over)
		xtcp_timewait_drop(tw);
	return over;
}

/*
 * For a flow or a listener of ours, and no connection of the kernel's: such may
 * be older than our hold on the port. What finds neither is the kernel's to refuse.
 */
static bool ours(const struct xtcp_flow_key *key, const struct tcphdr *th)
{
	struct xtcp_flow *flow = xtcp_flow_lookup(key);
	int state;

	if (flow)
		return flow->kind != XTCP_FLOW_TIME_WAIT || !outlived(flow, key, th);
	if (!xtcp_listener_lookup(key, NULL))
		return false;
	state = xtcp_kernels_state(key);
	return !state || (state == TCP_TIME_WAIT && th->syn && !th->ack);
}

static bool is_ours4(struct sk_buff *skb)
{
	unsigned int offset = skb_network_offset(skb) + ip_hdrlen(skb);
	struct xtcp_addrs4 addrs;
	struct xtcp_flow_key key;
	struct tcphdr th;

	if (taken(skb) || ip_is_fragment(ip_hdr(skb)) ||
	    skb_copy_bits(skb, offset, &th, sizeof(th)))
		return false;
	xtcp_ipv4_fill_key(&key, &addrs, dev_net(skb->dev), skb, &th, IPPROTO_TCP);
	return ours(&key, &th);
}

static unsigned int segment4(struct sk_buff *skb)
{
	if (!is_ours4(skb))
		return NF_ACCEPT;
	/* Who watches the device has a copy, which stays as it is. */
	if (skb_ensure_writable(skb, skb_network_offset(skb) + ip_hdrlen(skb)))
		return NF_DROP;
	skb_orphan(skb);
	ip_hdr(skb)->protocol = IPPROTO_XTCP;
	IPCB(skb)->flags |= XTCP_CAME_AS_TCP;
	return NF_ACCEPT;
}

/* A TIME_WAIT has sent its last; the kernel's connect() may be under way in its place. */
static bool sends(const struct xtcp_flow *flow)
{
	return flow && flow->kind != XTCP_FLOW_TIME_WAIT;
}

/* A quoted segment, at @offset, that a flow of ours sent? */
static bool sent_ours4(const struct sk_buff *skb, unsigned int offset)
{
	struct xtcp_addrs4 addrs;
	struct xtcp_flow_key key;
	__be16 ports[2];
	struct iphdr iph;

	if (skb_copy_bits(skb, offset, &iph, sizeof(iph)) || iph.protocol != IPPROTO_TCP ||
	    skb_copy_bits(skb, offset + iph.ihl * 4, ports, sizeof(ports)))
		return false;
	xtcp_ipv4_fill_quoted_key(&key, &addrs, skb, &iph, ports, IPPROTO_TCP);
	return sends(xtcp_flow_lookup(&key));
}

/*
 * An ICMP error about a segment of ours: what it quotes gets our number as well, and
 * the kernel judges it by its own rules (ip_no_pmtu_disc and others) and hands it
 * to our handler. The checksum stays as right, or wrong, as it was.
 */
static unsigned int icmp4(struct sk_buff *skb)
{
	unsigned int at = skb_network_offset(skb) + ip_hdrlen(skb);
	unsigned int quote = at + sizeof(struct icmphdr);
	struct icmphdr icmp, *icmph;
	struct iphdr *iph;

	if (ip_is_fragment(ip_hdr(skb)) || skb_copy_bits(skb, at, &icmp, sizeof(icmp)) ||
	    !icmp_is_err(icmp.type) || !sent_ours4(skb, quote))
		return NF_ACCEPT;
	if (skb_ensure_writable(skb, quote + sizeof(*iph)))
		return NF_DROP;
	icmph = (struct icmphdr *)(skb->data + at);
	iph = (struct iphdr *)(skb->data + quote);
	csum_replace2(&icmph->checksum, htons(IPPROTO_TCP), htons(IPPROTO_XTCP));
	iph->protocol = IPPROTO_XTCP;
	IPCB(skb)->flags |= XTCP_CAME_AS_TCP;
	return NF_ACCEPT;
}

static unsigned int in4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_TCP:
		return segment4(skb);
	case IPPROTO_ICMP:
		return icmp4(skb);
	default:
		return NF_ACCEPT;
	}
}

#if IS_ENABLED(CONFIG_IPV6)

/* Behind which headers to look: a host's own quote may have any that it sent. */
static bool may_skip(u8 nexthdr, bool quoted)
{
	return nexthdr == NEXTHDR_DEST ||
	       (quoted && (nexthdr == NEXTHDR_HOP || nexthdr == NEXTHDR_ROUTING));
}

/*
 * Where the TCP header is, and the octet that says so, from @nhoff and @offset on;
 * behind destination options, which the host has not read yet. False: there is none.
 */
static bool find_tcp6(const struct sk_buff *skb, bool quoted, unsigned int *nhoff,
		      unsigned int *offset)
{
	struct ipv6_opt_hdr hdr;
	u8 nexthdr;

	if (skb_copy_bits(skb, *nhoff, &nexthdr, sizeof(nexthdr)))
		return false;
	while (may_skip(nexthdr, quoted)) {
		if (skb_copy_bits(skb, *offset, &hdr, sizeof(hdr)))
			return false;
		nexthdr = hdr.nexthdr;
		*nhoff = *offset;
		*offset += ipv6_optlen(&hdr);
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

static unsigned int segment6(struct sk_buff *skb)
{
	unsigned int offset = skb_transport_offset(skb);
	unsigned int nhoff = skb_network_offset(skb) + IP6CB(skb)->nhoff;
	u8 *nexthdr;

	if (taken(skb) || !find_tcp6(skb, false, &nhoff, &offset) || !is_ours6(skb, offset))
		return NF_ACCEPT;
	if (skb_ensure_writable(skb, offset))
		return NF_DROP;
	skb_orphan(skb);
	/* The device's checksum, where it made one, is over this octet as well. */
	nexthdr = skb->data + nhoff;
	skb_postpull_rcsum(skb, nexthdr, sizeof(*nexthdr));
	*nexthdr = IPPROTO_XTCP;
	skb_postpush_rcsum(skb, nexthdr, sizeof(*nexthdr));
	IP6CB(skb)->flags |= XTCP_CAME_AS_TCP;
	return NF_ACCEPT;
}

static bool sent_ours6(const struct sk_buff *skb, unsigned int quote, unsigned int offset)
{
	struct xtcp_addrs6 addrs;
	struct xtcp_flow_key key;
	struct ipv6hdr ip6h;
	__be16 ports[2];

	if (skb_copy_bits(skb, quote, &ip6h, sizeof(ip6h)) ||
	    skb_copy_bits(skb, offset, ports, sizeof(ports)))
		return false;
	xtcp_ipv6_fill_quoted_key(&key, &addrs, skb, &ip6h, ports, IPPROTO_TCP);
	return sends(xtcp_flow_lookup(&key));
}

/* The same for ICMPv6, where the octet may be either one of a word of the sum. */
static unsigned int icmp6(struct sk_buff *skb)
{
	unsigned int at = skb_transport_offset(skb);
	unsigned int quote = at + sizeof(struct icmp6hdr);
	unsigned int nhoff = quote + offsetof(struct ipv6hdr, nexthdr);
	unsigned int offset = quote + sizeof(struct ipv6hdr);
	struct icmp6hdr icmp, *icmph;
	unsigned int shift;

	if (skb_copy_bits(skb, at, &icmp, sizeof(icmp)) ||
	    (icmp.icmp6_type & ICMPV6_INFOMSG_MASK) ||
	    !find_tcp6(skb, true, &nhoff, &offset) || !sent_ours6(skb, quote, offset))
		return NF_ACCEPT;
	if (skb_ensure_writable(skb, nhoff + 1))
		return NF_DROP;
	icmph = (struct icmp6hdr *)(skb->data + at);
	shift = (nhoff - at) % 2 ? 0 : 8;
	csum_replace2(&icmph->icmp6_cksum, htons(IPPROTO_TCP << shift),
		      htons(IPPROTO_XTCP << shift));
	skb->data[nhoff] = IPPROTO_XTCP;
	IP6CB(skb)->flags |= XTCP_CAME_AS_TCP;
	return NF_ACCEPT;
}

static unsigned int in6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (skb_network_header(skb)[IP6CB(skb)->nhoff] == IPPROTO_ICMPV6)
		return icmp6(skb);
	return segment6(skb);
}

#endif

/* --- the way out -------------------------------------------------------------- */

static bool speaks_tcp(const struct sock *sk)
{
	return sk && sk_fullsock(sk) && sk->sk_protocol == IPPROTO_XTCP &&
	       sk->sk_type == SOCK_STREAM &&
	       xtcp_sk(sk)->flow.protocol == IPPROTO_TCP;
}

/* What a connection sends: IPv4 takes the protocol from the socket, where it is 253. */
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
	int err = nf_register_net_hooks(xn->net, hooks, ARRAY_SIZE(hooks));

	xn->hooked = !err;
	xn->spoke_tcp = true;
	return err;
}

static void hook_down(struct xtcp_net *xn)
{
	if (xn->hooked)
		nf_unregister_net_hooks(xn->net, hooks, ARRAY_SIZE(hooks));
	xn->hooked = false;
}

void xtcp_hooks_exit(struct xtcp_net *xn)
{
	/* One user for good: the records that go after this ask for no work. */
	atomic_inc(&xn->hook_users);
	cancel_delayed_work_sync(&xn->unhook);
	hook_down(xn);
	/* Ports given back meanwhile hold sockets of this namespace. */
	if (xn->spoke_tcp) {
		rcu_barrier();
		xtcp_reserve_flush(xn);
	}
}

#else

static int hook_up(struct xtcp_net *xn)
{
	return -EOPNOTSUPP;
}

static void hook_down(struct xtcp_net *xn)
{
}

void xtcp_hooks_exit(struct xtcp_net *xn)
{
}

#endif

/* --- who needs it ------------------------------------------------------------- */

/* Only here, and under the lock, does the count begin anew. */
static int join(struct xtcp_net *xn)
{
	int err = 0;

	mutex_lock(&xn->hooks_lock);
	if (!xn->hooked)
		err = hook_up(xn);
	if (!err)
		xtcp_reserve_share(xn, IPPROTO_TCP);
	mutex_unlock(&xn->hooks_lock);
	return err;
}

static void unhook(struct work_struct *work)
{
	struct xtcp_net *xn = container_of(to_delayed_work(work), struct xtcp_net, unhook);

	/* A last segment may be on its way out on another CPU. */
	synchronize_rcu();
	mutex_lock(&xn->hooks_lock);
	if (!atomic_read(&xn->hook_users))
		hook_down(xn);
	mutex_unlock(&xn->hooks_lock);
}

/* Who set the option was asked then: a socket handed over keeps what it may. */
static bool may_speak_tcp(const struct sock *sk)
{
	return READ_ONCE(xtcp_sk(sk)->own->knobs.wire_protocol) != XTCP_OWN_UNSET ||
	       xtcp_hooks_allowed(xtcp_sk_net(sk));
}

int xtcp_hooks_use(struct sock *sk)
{
	struct xtcp_net *xn = xtcp_sk_net(sk);
	struct xtcp_flow *flow = &xtcp_sk(sk)->flow;
	u8 protocol = xtcp_sk_knob(sk, wire_protocol);
	int err;

	if (protocol == flow->protocol)
		return 0;
	if (protocol == IPPROTO_TCP) {
		err = may_speak_tcp(sk) ? join(xn) : -EPERM;
		if (err)
			return err;
	}
	xtcp_reserve_leave(xn, flow->protocol);
	flow->protocol = protocol;
	return 0;
}

int xtcp_hooks_init(struct xtcp_net *xn)
{
	mutex_init(&xn->hooks_lock);
	INIT_DELAYED_WORK(&xn->unhook, unhook);
	xtcp_reserve_net_init(xn);
	xtcp_hooks_init_groups(xn);
	return 0;
}
