// SPDX-License-Identifier: GPL-2.0
/* All that knows IPv4 addresses: the way up from IP, and the way down to it. */

#include <linux/icmp.h>
#include <linux/security.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>
#include <net/inet_common.h>
#include <net/inet_hashtables.h>
#include <net/ip.h>
#include <net/protocol.h>
#include <net/route.h>
#include <xtcp/af.h>
#include <xtcp/demux.h>
#include <xtcp/drop.h>
#include <xtcp/hooks.h>
#include <xtcp/icmp.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>

/* --- up ------------------------------------------------------------------- */

static bool checksum_bad(struct sk_buff *skb)
{
	return skb_checksum_init(skb, xtcp_hooks_protocol4(skb), inet_compute_pseudo) ||
	       skb_checksum_complete(skb);
}

/* Broadcast and multicast never are for a connection (RFC 9293 MUST-57). */
static bool for_many(const struct sk_buff *skb)
{
	return skb->pkt_type != PACKET_HOST ||
	       (skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST));
}

static int receive(struct sk_buff *skb)
{
	struct xtcp_net *xn = xtcp_net(dev_net(skb->dev));
	struct xtcp_flow_key key;
	struct xtcp_addrs4 addrs;

	xtcp_hooks_arrived4(skb);
	if (for_many(skb)) {
		xtcp_drop_segment(xn, skb, XTCP_DROP_ADDRESS);
		return 0;
	}
	xtcp_count_add(xn, XTCP_CNT_IN_SEGS, xtcp_skb_segments(skb));
	if (!xtcp_demux_header(skb)) {
		xtcp_drop_segment(xn, skb, XTCP_DROP_HEADER);
		return 0;
	}
	if (checksum_bad(skb)) {
		xtcp_drop_segment(xn, skb, XTCP_DROP_CHECKSUM);
		return 0;
	}
	xtcp_ipv4_fill_key(&key, &addrs, xn->net, skb, tcp_hdr(skb),
			   xtcp_hooks_protocol4(skb));
	xtcp_demux_segment(xn, &xtcp_ipv4_ops, skb, &key);
	return 0;
}

/* --- ICMP ------------------------------------------------------------------ */

/* errno from type and code (RFC 1122 4.2.3.9); 0: nothing to say. */
static int icmp_errno(u8 type, u8 code)
{
	switch (type) {
	case ICMP_DEST_UNREACH:
		if (code > NR_ICMP_UNREACH)
			return 0;
		return icmp_err_convert[code].errno;
	case ICMP_PARAMETERPROB:
		return EPROTO;
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	default:
		return 0;		/* source quench: RFC 6633 */
	}
}

/*
 * Of a half-open connection, which tells no one: as with the kernel's TCP, where no way
 * leads to the peer. What prohibits, or no port there, a stranger can bring about as well.
 */
static bool ends_request(u8 type, u8 code)
{
	return type != ICMP_DEST_UNREACH || code == ICMP_NET_UNREACH ||
	       code == ICMP_HOST_UNREACH;
}

static enum xtcp_icmp_what icmp_what(u8 type, u8 code)
{
	if (type == ICMP_REDIRECT)
		return XTCP_ICMP_REDIRECT;
	return type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED ? XTCP_ICMP_TOO_BIG :
								       XTCP_ICMP_ERROR;
}

/* From the kernel's ICMP, which checked the message, and @info by its rules. */
static int icmp_error(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const struct tcphdr *th = (const struct tcphdr *)(skb->data + iph->ihl * 4);
	const struct icmphdr *icmp = icmp_hdr(skb);
	struct xtcp_flow_key key;
	struct xtcp_addrs4 addrs;
	struct xtcp_flow *flow;
	struct xtcp_icmp message = {
		.skb	= skb,
		.th	= th,
		.daddr	= &iph->daddr,
		.ttl	= iph->ttl,
		.what	= icmp_what(icmp->type, icmp->code),
		.ends_request = ends_request(icmp->type, icmp->code),
		.ee	= {
			.ee_errno	= icmp_errno(icmp->type, icmp->code),
			.ee_origin	= SO_EE_ORIGIN_ICMP,
			.ee_type	= icmp->type,
			.ee_code	= icmp->code,
			.ee_info	= info,
		},
	};

	xtcp_ipv4_fill_quoted_key(&key, &addrs, skb, iph, &th->source,
				  xtcp_hooks_protocol4(skb));
	flow = xtcp_flow_lookup(&key);
	if (!flow) {
		__ICMP_INC_STATS(key.net, ICMP_MIB_INERRORS);
		return -ENOENT;
	}
	if (message.what != XTCP_ICMP_ERROR || message.ee.ee_errno)
		xtcp_demux_icmp(flow, &key, &message);
	return 0;
}

/* --- down: sockets ---------------------------------------------------------- */

/* Where others look for it; IPv6 counts it itself. */
static void count_no_route(struct net *net)
{
	IP_INC_STATS(net, IPSTATS_MIB_OUTNOROUTES);
}

static void set_flow(struct sock *sk)
{
	struct xtcp_flow *flow = &xtcp_sk(sk)->flow;

	flow->addrs4.local = inet_sk(sk)->inet_saddr;
	flow->addrs4.remote = inet_sk(sk)->inet_daddr;
	flow->local_port = inet_sk(sk)->inet_sport;
	flow->remote_port = inet_sk(sk)->inet_dport;
}

/* IP counts on from here: no one learns from it how much we sent (RFC 7739 1). */
static void draw_ip_id(struct sock *sk)
{
	xtcp_set_ip_id(sk, get_random_u16());
}

static void connect_failed(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	sk_dst_reset(sk);
	sk->sk_route_caps = 0;
	inet->inet_dport = 0;
	sk_daddr_set(sk, 0);
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		inet->inet_saddr = 0;
		sk_rcv_saddr_set(sk, 0);
	}
	set_flow(sk);
}

static int connect_route(struct sock *sk, struct sockaddr *addr, int len)
{
	struct sockaddr_in *to = (struct sockaddr_in *)addr;
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 *fl4 = &inet->cork.fl.u.ip4;
	struct ip_options_rcu *opt;
	__be32 next_hop;
	struct rtable *rt;
	bool srr;

	if (len < (int)sizeof(*to))
		return -EINVAL;
	if (to->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	opt = rcu_dereference_protected(inet->inet_opt, lockdep_sock_is_held(sk));
	srr = opt && opt->opt.srr;
	next_hop = srr ? opt->opt.faddr : to->sin_addr.s_addr;
	rt = ip_route_connect(fl4, next_hop, inet->inet_saddr, sk->sk_bound_dev_if,
			      xtcp_sk(sk)->flow.protocol, inet->inet_sport,
			      to->sin_port, sk);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			count_no_route(sock_net(sk));
		return PTR_ERR(rt);
	}
	if (rt->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST)) {
		ip_rt_put(rt);
		return -ENETUNREACH;
	}
	if (!inet->inet_saddr) {
		inet->inet_saddr = fl4->saddr;
		sk_rcv_saddr_set(sk, fl4->saddr);
	}
	inet->inet_dport = to->sin_port;
	/* A destination of 0.0.0.0 means this host; the route knows it. */
	sk_daddr_set(sk, srr ? to->sin_addr.s_addr : fl4->daddr);
	set_flow(sk);
	sk_dst_set(sk, &rt->dst);
	return 0;
}

static int connect_ports(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 *fl4 = &inet->cork.fl.u.ip4;
	struct rtable *rt;

	/* ip_route_newports() eats the reference of the old route. */
	rt = (struct rtable *)sk_dst_get(sk);
	rt = ip_route_newports(fl4, rt, fl4->fl4_sport, inet->inet_dport,
			       inet->inet_sport, inet->inet_dport, sk);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	sk_setup_caps(sk, &rt->dst);
	draw_ip_id(sk);
	return 0;
}

static struct dst_entry *route(struct sock *sk)
{
	struct dst_entry *dst = __sk_dst_check(sk, 0);
	struct inet_sock *inet = inet_sk(sk);
	struct ip_options_rcu *opt;
	__be32 next_hop;
	struct rtable *rt;

	if (dst)
		return dst;
	rcu_read_lock();
	opt = rcu_dereference(inet->inet_opt);
	next_hop = opt && opt->opt.srr ? opt->opt.faddr : inet->inet_daddr;
	rt = ip_route_output_ports(sock_net(sk), &inet->cork.fl.u.ip4, sk, next_hop,
				   inet->inet_saddr, inet->inet_dport,
				   inet->inet_sport, xtcp_sk(sk)->flow.protocol,
				   xtcp_rt_tos(sk), sk->sk_bound_dev_if);
	rcu_read_unlock();
	if (IS_ERR(rt)) {
		WRITE_ONCE(sk->sk_err_soft, -PTR_ERR(rt));
		sk->sk_route_caps = 0;
		return NULL;
	}
	sk_setup_caps(sk, &rt->dst);
	return &rt->dst;
}

/*
 * A stale route is asked for here, by the protocol on the wire: IP would take sk_protocol.
 * The segment has no reference to it: under RCU.
 */
static int xmit(struct sock *sk, struct sk_buff *skb)
{
	struct dst_entry *dst;
	int err = -EHOSTUNREACH;

	rcu_read_lock();
	dst = route(sk);
	if (dst) {
		skb_dst_set_noref(skb, dst);
		err = ip_queue_xmit(sk, skb, &inet_sk(sk)->cork.fl);
	} else {
		count_no_route(sock_net(sk));
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
	}
	rcu_read_unlock();
	return err;
}

static void checksum(struct sock *sk, struct sk_buff *skb)
{
	const struct inet_sock *inet = inet_sk(sk);
	u8 protocol = xtcp_sk(sk)->flow.protocol;
	struct tcphdr *th = tcp_hdr(skb);

	if (xtcp_af_device_sums(sk, skb)) {
		xtcp_af_sum_later(skb, ~csum_tcpudp_magic(inet->inet_saddr, inet->inet_daddr,
							  skb->len, protocol, 0));
		return;
	}
	skb->ip_summed = CHECKSUM_NONE;
	th->check = csum_tcpudp_magic(inet->inet_saddr, inet->inet_daddr, skb->len,
				      protocol, skb_checksum(skb, 0, skb->len, 0));
}

static unsigned int options_len(const struct sock *sk)
{
	struct ip_options_rcu *opt;
	unsigned int len = 0;

	rcu_read_lock();
	opt = rcu_dereference(inet_sk(sk)->inet_opt);
	if (opt)
		len = opt->opt.optlen;
	rcu_read_unlock();
	return len;
}

static u8 tos(const struct sock *sk)
{
	return inet_sk(sk)->tos;
}

static bool recverr(const struct sock *sk)
{
	return xtcp_inet_recverr(sk);
}

/* Where routers may cut it up nothing of the user's was too big. */
static bool takes_pmtu(const struct sock *sk, u32 mtu)
{
	return ip_sk_accept_pmtu(sk) && READ_ONCE(inet_sk(sk)->pmtudisc) != IP_PMTUDISC_DONT;
}

/* --- down: listeners, requests, answers -------------------------------------- */

static u8 bind_reach(const struct sock *sk, struct in6_addr *addr)
{
	if (!sk->sk_rcv_saddr)
		return XTCP_REACH_IPV4;
	ipv6_addr_set_v4mapped(sk->sk_rcv_saddr, addr);
	return XTCP_REACH_IPV4 | XTCP_REACH_ONE;
}

static void request_flowi4(struct flowi4 *fl4, const struct sock *listener,
			   const struct xtcp_request *req)
{
	const struct xtcp_flow *flow = &req->flow;

	flowi4_init_output(fl4, flow->bound_dev_if, req->mark,
			   xtcp_rt_tos(listener), ip_sock_rt_scope(listener), flow->protocol,
			   inet_sk_flowi_flags(listener), flow->addrs4.remote,
			   flow->addrs4.local, flow->remote_port, flow->local_port,
			   listener->sk_uid);
}

/*
 * The way back to who sent a segment, as IPsec has it for @sk; no one host sends from a broadcast address
 * (RFC 9293 MUST-63), which IP knows as such only when it is asked for the way.
 */
static struct rtable *route_back(struct net *net, struct flowi4 *fl4, const struct sock *sk)
{
	struct rtable *rt = ip_route_output_flow(net, fl4, sk);

	if (IS_ERR(rt) || !(rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
		return rt;
	ip_rt_put(rt);
	return ERR_PTR(-ENETUNREACH);
}

static struct dst_entry *request_route(const struct sock *listener,
				       const struct xtcp_request *req)
{
	struct flowi4 fl4;
	struct rtable *rt;

	request_flowi4(&fl4, listener, req);
	rt = route_back(read_pnet(&req->flow.net), &fl4, listener);
	if (!IS_ERR(rt))
		return &rt->dst;
	count_no_route(read_pnet(&req->flow.net));
	return NULL;
}

/*
 * Sum and send what has a header but no connection: it is @sk's, and by now has its
 * mark and priority.
 */
static int send_plain(const struct sock *sk, struct sk_buff *skb, __be32 saddr,
		      __be32 daddr, u8 protocol, struct dst_entry *dst, u8 tos)
{
	int ttl = READ_ONCE(inet_sk(sk)->uc_ttl);
	struct iphdr *iph;
	bool whole;

	tcp_hdr(skb)->check = csum_tcpudp_magic(saddr, daddr, skb->len, protocol,
						skb_checksum(skb, 0, skb->len, 0));
	iph = skb_push(skb, sizeof(*iph));
	whole = skb->len <= IPV4_MIN_MTU || ip_dont_fragment(sk, dst);
	*iph = (struct iphdr){
		.version	= 4,
		.ihl		= sizeof(*iph) / 4,
		.tos		= tos,
		.id		= whole ? 0 : htons(get_random_u16()),
		.frag_off	= whole ? htons(IP_DF) : 0,
		.ttl		= ttl < 0 ? ip4_dst_hoplimit(dst) : ttl,
		.protocol	= protocol,
		.saddr		= saddr,
		.daddr		= daddr,
	};
	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IP);
	skb_dst_set(skb, dst);
	return ip_local_out(sock_net(sk), skb->sk, skb);
}

static int request_xmit(const struct sock *sk, struct sk_buff *skb,
			const struct xtcp_flow *flow, struct dst_entry *dst, u8 tos)
{
	if (!xtcp_af_own(skb, sk, dst))
		return -ENOTCONN;
	return send_plain(sk, skb, flow->addrs4.local, flow->addrs4.remote,
			  flow->protocol, dst, tos);
}

static void unshare(struct sock *child)
{
	RCU_INIT_POINTER(inet_sk(child)->inet_opt, NULL);
	inet_sk(child)->mc_list = NULL;
}

static void child_init(struct sock *child, const struct sock *listener,
		       const struct xtcp_request *req, const struct sk_buff *skb,
		       struct dst_entry *dst)
{
	struct inet_sock *inet = inet_sk(child);

	inet->inet_saddr = req->flow.addrs4.local;
	sk_rcv_saddr_set(child, req->flow.addrs4.local);
	sk_daddr_set(child, req->flow.addrs4.remote);
	inet->inet_dport = req->flow.remote_port;
	inet->inet_sport = req->flow.local_port;
	inet->inet_num = ntohs(req->flow.local_port);
	inet->tos = req->flow.tos;
	/* What getsockopt(IP_PKTOPTIONS) tells of the peer. */
	inet->mc_index = inet_iif(skb);
	inet->mc_ttl = ip_hdr(skb)->ttl;
	inet->rcv_tos = ip_hdr(skb)->tos;
	child->sk_bound_dev_if = req->flow.bound_dev_if;
	xtcp_sk(child)->flow.bound_dev_if = req->flow.bound_dev_if;
	set_flow(child);
	draw_ip_id(child);
	request_flowi4(&inet->cork.fl.u.ip4, listener, req);
	sk_setup_caps(child, dst);
}

static void reply_flowi4(struct flowi4 *fl4, const struct xtcp_net *xn, struct sk_buff *in,
			 const struct tcphdr *th, const struct xtcp_origin *from, u8 tos)
{
	const struct iphdr *iph = ip_hdr(in);

	flowi4_init_output(fl4, xtcp_af_reply_dev(xn, in, from),
			   IP4_REPLY_MARK(xn->net, in->mark) ?: from->mark, RT_TOS(tos),
			   RT_SCOPE_UNIVERSE, xtcp_hooks_protocol4(in),
			   from->flow_flags, iph->saddr,
			   iph->daddr, th->dest, th->source,
			   sock_net_uid(xn->net, from->sk));
	security_skb_classify_flow(in, flowi4_to_flowi_common(fl4));
}

static void reply(struct xtcp_net *xn, const struct sk_buff *in, struct tcphdr *th,
		  const struct xtcp_origin *from)
{
	u8 tos = from->tos == XTCP_TOS_OF_SEGMENT ? ip_hdr(in)->tos & ~INET_ECN_MASK : from->tos;
	u8 protocol = xtcp_hooks_protocol4(in);
	const struct sock *sk = from->sk ?: xn->ctl_sk;
	struct sk_buff *skb;
	struct flowi4 fl4;
	struct rtable *rt;

	reply_flowi4(&fl4, xn, (struct sk_buff *)in, th, from, tos);
	rt = route_back(xn->net, &fl4, from->sk);
	if (IS_ERR(rt)) {
		xtcp_count(xn, XTCP_CNT_OUT_NO_ROUTE);
		return;
	}
	skb = xtcp_af_reply_skb(th, from);
	if (!skb) {
		ip_rt_put(rt);
		return;
	}
	if (!xtcp_af_own(skb, sk, &rt->dst))
		return;
	skb->mark = fl4.flowi4_mark;
	xtcp_count(xn, XTCP_CNT_OUT_SEGS);
	send_plain(sk, skb, ip_hdr(in)->daddr, ip_hdr(in)->saddr, protocol, &rt->dst, tos);
}

const struct xtcp_af_ops xtcp_ipv4_ops = {
	.family		= AF_INET,
	.gso_type	= SKB_GSO_TCPV4,
	.ip_header_len	= sizeof(struct iphdr),
	.mss_default	= XTCP_MSS_DEFAULT,
	.choose_protocol = xtcp_hooks_use,
	.connect_route	= connect_route,
	.connect_ports	= connect_ports,
	.connect_failed	= connect_failed,
	.route		= route,
	.xmit		= xmit,
	.checksum	= checksum,
	.options_len	= options_len,
	.tos		= tos,
	.recverr	= recverr,
	.takes_pmtu	= takes_pmtu,
	.setsockopt	= ip_setsockopt,
	.getsockopt	= ip_getsockopt,
	.bind_reach	= bind_reach,
	.request_route	= request_route,
	.request_xmit	= request_xmit,
	.unshare	= unshare,
	.child_init	= child_init,
	.reply		= reply,
};

static const struct net_protocol protocol = {
	.handler		= receive,
	.err_handler		= icmp_error,
	.no_policy		= 1,
	.icmp_strict_tag_validation = 1,
};

int xtcp_ipv4_register(void)
{
	return inet_add_protocol(&protocol, IPPROTO_XTCP);
}

void xtcp_ipv4_unregister(void)
{
	inet_del_protocol(&protocol, IPPROTO_XTCP);
}
