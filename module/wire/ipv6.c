// SPDX-License-Identifier: GPL-2.0
/*
 * All that knows IPv6 addresses: the way up from IP, the way down to it, and
 * IPv6 sockets that speak IPv4 (RFC 4038 section 4.2).
 */

#include <linux/icmpv6.h>
#include <linux/security.h>
#include <net/addrconf.h>
#include <net/dsfield.h>
#include <net/inet_common.h>
#include <net/inet_ecn.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/protocol.h>
#include <net/transp_v6.h>
#include <xtcp/af.h>
#include <xtcp/demux.h>
#include <xtcp/drop.h>
#include <xtcp/hooks.h>
#include <xtcp/icmp.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>

struct xtcp_af_ops xtcp_mapped_ops __ro_after_init;

static struct flowi6 *flowi6_of(const struct sock *sk)
{
	return (struct flowi6 *)&inet_sk(sk)->cork.fl.u.ip6;
}

/* --- up ------------------------------------------------------------------- */

static bool checksum_bad(struct sk_buff *skb)
{
	return skb_checksum_init(skb, xtcp_hooks_protocol6(skb), ip6_compute_pseudo) ||
	       skb_checksum_complete(skb);
}

/*
 * Multicast and anycast never are for a connection (RFC 9293 MUST-57), nor do
 * they begin one, nor does who has no address. A mapped address on the wire
 * (RFC 4038 section 4.2) is somebody's disguise.
 */
static bool for_no_connection(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	return skb->pkt_type != PACKET_HOST || !ipv6_unicast_destination(skb) ||
	       ipv6_addr_is_multicast(&ip6h->saddr) ||
	       ipv6_addr_any(&ip6h->saddr) || ipv6_addr_v4mapped(&ip6h->saddr) ||
	       ipv6_addr_v4mapped(&ip6h->daddr);
}

static int receive(struct sk_buff *skb)
{
	struct xtcp_net *xn = xtcp_net(dev_net(skb->dev));
	struct xtcp_flow_key key;
	struct xtcp_addrs6 addrs;

	xtcp_hooks_arrived6(skb);
	if (for_no_connection(skb)) {
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
	xtcp_ipv6_fill_key(&key, &addrs, xn->net, skb, tcp_hdr(skb),
			   xtcp_hooks_protocol6(skb));
	xtcp_demux_segment(xn, &xtcp_ipv6_ops, skb, &key);
	return 0;
}

/* --- ICMPv6 ----------------------------------------------------------------- */

static enum xtcp_icmp_what icmp_what(u8 type)
{
	if (type == NDISC_REDIRECT)
		return XTCP_ICMP_REDIRECT;
	return type == ICMPV6_PKT_TOOBIG ? XTCP_ICMP_TOO_BIG : XTCP_ICMP_ERROR;
}

static int icmp_error(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type,
		      u8 code, int offset, __be32 info)
{
	const struct ipv6hdr *ip6h = (const struct ipv6hdr *)skb->data;
	const struct tcphdr *th = (const struct tcphdr *)(skb->data + offset);
	struct xtcp_flow_key key;
	struct xtcp_addrs6 addrs;
	struct xtcp_flow *flow;
	struct xtcp_icmp message = {
		.skb	= skb,
		.th	= th,
		.daddr	= &ip6h->daddr,
		.ttl	= ip6h->hop_limit,
		.what	= icmp_what(type),
		.ee	= {
			.ee_origin	= SO_EE_ORIGIN_ICMP6,
			.ee_type	= type,
			.ee_code	= code,
			.ee_info	= ntohl(info),
		},
	};
	int err;

	xtcp_ipv6_fill_quoted_key(&key, &addrs, skb, ip6h, &th->source,
				  xtcp_hooks_protocol6(skb));
	flow = xtcp_flow_lookup(&key);
	if (!flow) {
		__ICMP6_INC_STATS(key.net, __in6_dev_get(skb->dev), ICMP6_MIB_INERRORS);
		return -ENOENT;
	}
	/* RFC 4443 3.1 and RFC 1122 4.2.3.9, as all of the kernel has it. */
	message.ends_request = icmpv6_err_convert(type, code, &err);
	message.ee.ee_errno = err;
	xtcp_demux_icmp(flow, &key, &message);
	return 0;
}

/* --- down: sockets ---------------------------------------------------------- */

static struct xtcp_addrs6 *flow_addrs(struct sock *sk)
{
	return &((struct xtcp6_sock *)sk)->addrs6;
}

/* The flow follows the socket. Not while it is in the table. */
static void set_flow(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	flow_addrs(sk)->local = sk->sk_v6_rcv_saddr;
	flow_addrs(sk)->remote = sk->sk_v6_daddr;
	xs->flow.local_port = inet_sk(sk)->inet_sport;
	xs->flow.remote_port = inet_sk(sk)->inet_dport;
}

/* Speak @family from now on. */
static void use_family(struct sock *sk, u8 family)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	WRITE_ONCE(xs->af, xtcp_af_ops_of(AF_INET6, family));
	xs->flow.family = family;
	xs->flow.mapped = family == AF_INET;
}

/* IPv6 has no IPv4 address; 0 would be the wildcard to who looks only there. */
static void set_local(struct sock *sk, const struct in6_addr *local)
{
	inet6_sk(sk)->saddr = *local;
	sk->sk_v6_rcv_saddr = *local;
	inet_sk(sk)->inet_saddr = LOOPBACK4_IPV6;
	sk->sk_rcv_saddr = LOOPBACK4_IPV6;
}

static void forget_local(struct sock *sk)
{
	inet6_sk(sk)->saddr = in6addr_any;
	sk->sk_v6_rcv_saddr = in6addr_any;
	inet_sk(sk)->inet_saddr = 0;
	sk->sk_rcv_saddr = 0;
}

static void connect_failed(struct sock *sk)
{
	sk_dst_reset(sk);
	sk->sk_route_caps = 0;
	inet_sk(sk)->inet_dport = 0;
	sk->sk_daddr = 0;
	sk->sk_v6_daddr = in6addr_any;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK))
		forget_local(sk);
	use_family(sk, AF_INET6);
	set_flow(sk);
}

static void store_route(struct sock *sk, struct dst_entry *dst)
{
	inet6_sk(sk)->dst_cookie = rt6_get_cookie((struct rt6_info *)dst);
	sk_setup_caps(sk, dst);
}

static void fill_flowi6(struct sock *sk, struct flowi6 *fl6)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);

	*fl6 = (struct flowi6){
		.flowi6_proto	= xtcp_sk(sk)->flow.protocol,
		.daddr		= sk->sk_v6_daddr,
		.saddr		= np->saddr,
		.flowlabel	= ip6_make_flowinfo(np->tclass, np->flow_label),
		.flowi6_oif	= sk->sk_bound_dev_if,
		.flowi6_mark	= sk->sk_mark,
		.fl6_sport	= inet_sk(sk)->inet_sport,
		.fl6_dport	= inet_sk(sk)->inet_dport,
		.flowi6_uid	= sk->sk_uid,
	};
#ifdef FLOWI_FLAG_ANY_SPORT
	if (!inet_sk(sk)->inet_sport)
		fl6->flowi6_flags |= FLOWI_FLAG_ANY_SPORT;
#endif
	security_sk_classify_flow(sk, flowi6_to_flowi_common(fl6));
	ip6_ecmp_set_mp_hash(sock_net(sk), fl6, sk->sk_txhash);
}

/*
 * A route for @sk, or an error. Its struct flowi6 stays as xmit() needs it: to
 * the destination, though the way may lead over a routing header's first hop.
 */
static struct dst_entry *find_route(struct sock *sk)
{
	struct flowi6 *fl6 = flowi6_of(sk);
	struct in6_addr *final_p, final;
	struct dst_entry *dst;

	fill_flowi6(sk, fl6);
	rcu_read_lock();
	final_p = fl6_update_dst(fl6, rcu_dereference(inet6_sk(sk)->opt), &final);
	rcu_read_unlock();
	dst = ip6_dst_lookup_flow(sock_net(sk), sk, fl6, final_p);
	fl6->daddr = sk->sk_v6_daddr;
	return dst;
}

static struct dst_entry *route(struct sock *sk)
{
	struct dst_entry *dst = __sk_dst_check(sk, inet6_sk(sk)->dst_cookie);

	if (dst)
		return dst;
	dst = find_route(sk);
	if (IS_ERR(dst)) {
		WRITE_ONCE(sk->sk_err_soft, -PTR_ERR(dst));
		sk->sk_route_caps = 0;
		return NULL;
	}
	store_route(sk, dst);
	return dst;
}

/* A label the user chose must be one he leased, if any are leased (RFC 6437). */
static int choose_label(struct sock *sk, const struct sockaddr_in6 *to)
{
	struct ip6_flowlabel *lease;
	__be32 label = 0;

	if (xtcp_inet6_sndflow(sk))
		label = to->sin6_flowinfo & IPV6_FLOWINFO_MASK;
	if (label & IPV6_FLOWLABEL_MASK) {
		lease = fl6_sock_lookup(sk, label);
		if (IS_ERR(lease))
			return -EINVAL;
		fl6_sock_release(lease);
	}
	inet6_sk(sk)->flow_label = label;
	return 0;
}

/* A link-local destination means something on one device only (RFC 4007). */
static int choose_scope(struct sock *sk, const struct sockaddr_in6 *to, int len)
{
	if (!(ipv6_addr_type(&to->sin6_addr) & IPV6_ADDR_LINKLOCAL))
		return 0;
	if (len >= (int)sizeof(*to) && to->sin6_scope_id) {
		if (!sk_dev_equal_l3scope(sk, to->sin6_scope_id))
			return -EINVAL;
		sk->sk_bound_dev_if = to->sin6_scope_id;
	}
	return sk->sk_bound_dev_if ? 0 : -EINVAL;
}

/* Everything but the source of an IPv6 connection is known. */
static int connect_native(struct sock *sk, const struct sockaddr_in6 *to)
{
	struct dst_entry *dst;

	use_family(sk, AF_INET6);
	sk->sk_v6_daddr = to->sin6_addr;
	sk->sk_daddr = LOOPBACK4_IPV6;
	inet_sk(sk)->inet_dport = to->sin6_port;
	dst = find_route(sk);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	if (ipv6_addr_any(&sk->sk_v6_rcv_saddr))
		set_local(sk, &flowi6_of(sk)->saddr);
	set_flow(sk);
	store_route(sk, dst);
	return 0;
}

static int connect_mapped(struct sock *sk, const struct sockaddr_in6 *to)
{
	struct sockaddr_in to4 = {
		.sin_family	= AF_INET,
		.sin_port	= to->sin6_port,
		.sin_addr	= { .s_addr = to->sin6_addr.s6_addr32[3] },
	};
	int err;

	if (ipv6_only_sock(sk))
		return -ENETUNREACH;
	use_family(sk, AF_INET);
	err = xtcp_ipv4_ops.connect_route(sk, (struct sockaddr *)&to4, sizeof(to4));
	if (!err)
		inet6_sk(sk)->saddr = sk->sk_v6_rcv_saddr;
	return err;
}

static int connect_route(struct sock *sk, struct sockaddr *addr, int len)
{
	struct sockaddr_in6 to = { };
	int err;

	if (len < SIN6_LEN_RFC2133)
		return -EINVAL;
	memcpy(&to, addr, min_t(size_t, len, sizeof(to)));
	if (to.sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	err = choose_label(sk, &to);
	if (err)
		return err;
	/* No address means this host, in the family that bind() chose. */
	if (ipv6_addr_any(&to.sin6_addr)) {
		if (ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr))
			ipv6_addr_set_v4mapped(htonl(INADDR_LOOPBACK), &to.sin6_addr);
		else
			to.sin6_addr = in6addr_loopback;
	}
	if (ipv6_addr_is_multicast(&to.sin6_addr))
		return -ENETUNREACH;
	err = choose_scope(sk, &to, len);
	if (err)
		return err;
	return ipv6_addr_v4mapped(&to.sin6_addr) ? connect_mapped(sk, &to) :
						   connect_native(sk, &to);
}

/* Policies and multipath hashes may look at the port. */
static int connect_ports(struct sock *sk)
{
	struct dst_entry *dst;

	if (flowi6_of(sk)->fl6_sport == inet_sk(sk)->inet_sport)
		return 0;
	dst = find_route(sk);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	store_route(sk, dst);
	return 0;
}

/* The segment has no reference to its route: under RCU. */
static int xmit(struct sock *sk, struct sk_buff *skb)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);
	struct dst_entry *dst;
	int err = -EHOSTUNREACH;

	rcu_read_lock();
	dst = route(sk);
	if (dst) {
		skb_dst_set_noref(skb, dst);
		err = ip6_xmit(sk, skb, flowi6_of(sk), READ_ONCE(sk->sk_mark),
			       rcu_dereference(np->opt), np->tclass,
			       READ_ONCE(sk->sk_priority));
	} else {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
	}
	rcu_read_unlock();
	return err;
}

static void checksum(struct sock *sk, struct sk_buff *skb)
{
	const struct xtcp_addrs6 *addrs = flow_addrs(sk);
	u8 protocol = xtcp_sk(sk)->flow.protocol;
	struct tcphdr *th = tcp_hdr(skb);

	if (xtcp_af_device_sums(sk, skb)) {
		xtcp_af_sum_later(skb, ~csum_ipv6_magic(&addrs->local, &addrs->remote,
							skb->len, protocol, 0));
		return;
	}
	skb->ip_summed = CHECKSUM_NONE;
	th->check = csum_ipv6_magic(&addrs->local, &addrs->remote, skb->len,
				    protocol, skb_checksum(skb, 0, skb->len, 0));
}

static unsigned int options_len(const struct sock *sk)
{
	const struct ipv6_txoptions *opt;
	unsigned int len = 0;

	rcu_read_lock();
	opt = rcu_dereference(inet6_sk(sk)->opt);
	if (opt)
		len = opt->opt_flen + opt->opt_nflen;
	rcu_read_unlock();
	return len;
}

static u8 tos(const struct sock *sk)
{
	return inet6_sk(sk)->tclass;
}

static bool recverr(const struct sock *sk)
{
	return xtcp_inet6_recverr(sk);
}

/* RFC 8201: no path is narrower than 1280. */
static bool takes_pmtu(const struct sock *sk, u32 mtu)
{
	return mtu >= IPV6_MIN_MTU && ip6_sk_accept_pmtu(sk);
}

/* --- down: listeners ---------------------------------------------------------- */

static u8 bind_reach(const struct sock *sk, struct in6_addr *addr)
{
	const struct in6_addr *bound = &sk->sk_v6_rcv_saddr;

	if (ipv6_addr_any(bound))
		return ipv6_only_sock(sk) ? XTCP_REACH_IPV6 : XTCP_REACH_BOTH;
	if (ipv6_addr_v4mapped(bound) && !sk->sk_rcv_saddr)
		return XTCP_REACH_IPV4;
	*addr = *bound;
	return XTCP_REACH_ONE | (ipv6_addr_v4mapped(bound) ? XTCP_REACH_IPV4 : XTCP_REACH_IPV6);
}

/* --- down: requests, answers ---------------------------------------------------- */

static void request_flowi6(struct flowi6 *fl6, const struct sock *sk,
			   const struct xtcp_flow *flow, u32 mark)
{
	const struct xtcp_addrs6 *addrs = xtcp_flow_addrs(flow);

	*fl6 = (struct flowi6){
		.flowi6_proto	= flow->protocol,
		.daddr		= addrs->remote,
		.saddr		= addrs->local,
		.flowi6_oif	= flow->bound_dev_if,
		.flowi6_mark	= mark,
		.fl6_sport	= flow->local_port,
		.fl6_dport	= flow->remote_port,
		.flowi6_uid	= sk->sk_uid,
	};
}

static struct dst_entry *request_route(const struct sock *listener,
				       const struct xtcp_request *req)
{
	struct in6_addr *final_p, final;
	struct dst_entry *dst;
	struct flowi6 fl6;

	request_flowi6(&fl6, listener, &req->flow, req->mark);
	ip6_ecmp_set_mp_hash(sock_net(listener), &fl6, READ_ONCE(req->txhash));
	rcu_read_lock();
	final_p = fl6_update_dst(&fl6, rcu_dereference(inet6_sk(listener)->opt), &final);
	rcu_read_unlock();
	dst = ip6_dst_lookup_flow(sock_net(listener), listener, &fl6, final_p);
	return IS_ERR(dst) ? NULL : dst;
}

/* Sum and send what has a header but no connection, with the priority it has. */
static int send_plain(const struct sock *sk, struct sk_buff *skb, struct flowi6 *fl6,
		      struct ipv6_txoptions *opt, struct dst_entry *dst, u8 tclass)
{
	tcp_hdr(skb)->check = csum_ipv6_magic(&fl6->saddr, &fl6->daddr, skb->len,
					      fl6->flowi6_proto,
					      skb_checksum(skb, 0, skb->len, 0));
	skb_dst_set(skb, dst);
	return ip6_xmit(sk, skb, fl6, fl6->flowi6_mark, opt, tclass, skb->priority);
}

static int request_xmit(const struct sock *sk, struct sk_buff *skb,
			const struct xtcp_flow *flow, struct dst_entry *dst, u8 tos)
{
	struct flowi6 fl6;
	int err;

	if (!xtcp_af_own(skb, sk, dst))
		return -ENOTCONN;
	request_flowi6(&fl6, sk, flow, skb->mark);
	rcu_read_lock();
	err = send_plain(sk, skb, &fl6, rcu_dereference(inet6_sk(sk)->opt), dst, tos);
	rcu_read_unlock();
	return err;
}

/* Memberships, leased labels and options belong to one socket each. */
static void unshare(struct sock *child)
{
	struct ipv6_pinfo *np = &((struct xtcp6_sock *)child)->inet6;

	xtcp_ipv4_ops.unshare(child);
	inet_sk(child)->pinet6 = np;
	RCU_INIT_POINTER(xtcp_inet6_fl_list(child), NULL);
	np->ipv6_mc_list = NULL;
	np->ipv6_ac_list = NULL;
	np->pktoptions = NULL;
	np->rxpmtu = NULL;
	RCU_INIT_POINTER(np->opt, NULL);
}

static void inherit_options(struct sock *child, const struct sock *listener)
{
	struct ipv6_txoptions *opt;

	rcu_read_lock();
	opt = rcu_dereference(inet6_sk(listener)->opt);
	if (opt)
		RCU_INIT_POINTER(inet6_sk(child)->opt, ipv6_dup_options(child, opt));
	rcu_read_unlock();
}

/* What getsockopt(IPV6_2292PKTOPTIONS) tells of the peer, and its flow label. */
static void note_peer(struct sock *child, const struct sk_buff *skb)
{
	struct ipv6_pinfo *np = inet6_sk(child);

	np->mcast_oif = inet6_iif(skb);
	np->mcast_hops = ipv6_hdr(skb)->hop_limit;
	np->rcv_flowinfo = ip6_flowinfo(ipv6_hdr(skb));
	np->flow_label = xtcp_inet6_repflow(child) ? ip6_flowlabel(ipv6_hdr(skb)) : 0;
}

static void child_init(struct sock *child, const struct sock *listener,
		       const struct xtcp_request *req, const struct sk_buff *skb,
		       struct dst_entry *dst)
{
	const struct xtcp_addrs6 *addrs = xtcp_flow_addrs(&req->flow);
	struct inet_sock *inet = inet_sk(child);

	set_local(child, &addrs->local);
	child->sk_v6_daddr = addrs->remote;
	child->sk_daddr = LOOPBACK4_IPV6;
	inet->inet_dport = req->flow.remote_port;
	inet->inet_sport = req->flow.local_port;
	inet->inet_num = ntohs(req->flow.local_port);
	child->sk_bound_dev_if = req->flow.bound_dev_if;
	xtcp_sk(child)->flow.bound_dev_if = req->flow.bound_dev_if;
	use_family(child, AF_INET6);
	set_flow(child);
	inet6_sk(child)->tclass = req->flow.tos;
	inherit_options(child, listener);
	note_peer(child, skb);
	fill_flowi6(child, flowi6_of(child));
	store_route(child, dst);
}

static void mapped_child_init(struct sock *child, const struct sock *listener,
			      const struct xtcp_request *req,
			      const struct sk_buff *skb, struct dst_entry *dst)
{
	use_family(child, AF_INET);
	xtcp_ipv4_ops.child_init(child, listener, req, skb, dst);
	inet6_sk(child)->mcast_oif = inet_iif(skb);
	inet6_sk(child)->mcast_hops = ip_hdr(skb)->ttl;
	inet6_sk(child)->rcv_flowinfo = 0;
	inet6_sk(child)->saddr = child->sk_v6_rcv_saddr;
}

/* Of a RST: what the user or the administrator wants reflected. */
static __be32 reply_label(const struct xtcp_net *xn, const struct sk_buff *in,
			  const struct xtcp_origin *from)
{
	bool reflect;

	if (from->tos != XTCP_TOS_OF_SEGMENT)
		return from->label;
	if (from->sk)
		reflect = xtcp_inet6_repflow(from->sk);
	else
		reflect = READ_ONCE(xn->net->ipv6.sysctl.flowlabel_reflect) &
			  FLOWLABEL_REFLECT_TCP_RESET;
	return reflect ? ip6_flowlabel(ipv6_hdr(in)) : 0;
}

static void reply_flowi6(struct flowi6 *fl6, const struct xtcp_net *xn, struct sk_buff *in,
			 const struct tcphdr *th, const struct xtcp_origin *from)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(in);

	*fl6 = (struct flowi6){
		.flowi6_proto	= xtcp_hooks_protocol6(in),
		.daddr		= ip6h->saddr,
		.saddr		= ip6h->daddr,
		.flowlabel	= reply_label(xn, in, from),
		.flowi6_oif	= xtcp_af_reply_dev(xn, in, from),
		.flowi6_mark	= IP6_REPLY_MARK(xn->net, in->mark) ?: from->mark,
		.fl6_sport	= th->source,
		.fl6_dport	= th->dest,
		.flowi6_uid	= sock_net_uid(xn->net, from->sk),
	};
	if (!from->bound_dev_if && rt6_need_strict(&fl6->daddr))
		fl6->flowi6_oif = inet6_iif(in);
	security_skb_classify_flow(in, flowi6_to_flowi_common(fl6));
	ip6_ecmp_set_mp_hash(xn->net, fl6, from->txhash);
}

static void reply(struct xtcp_net *xn, const struct sk_buff *in, struct tcphdr *th,
		  const struct xtcp_origin *from)
{
	u8 tclass = from->tos == XTCP_TOS_OF_SEGMENT ?
		    ipv6_get_dsfield(ipv6_hdr(in)) & ~INET_ECN_MASK : from->tos;
	const struct sock *sk = from->sk ?: xn->ctl_sk6;
	struct dst_entry *dst;
	struct sk_buff *skb;
	struct flowi6 fl6;

	reply_flowi6(&fl6, xn, (struct sk_buff *)in, th, from);
	dst = ip6_dst_lookup_flow(xn->net, sk, &fl6, NULL);
	if (IS_ERR(dst)) {
		xtcp_count(xn, XTCP_CNT_OUT_NO_ROUTE);
		return;
	}
	skb = xtcp_af_reply_skb(th, from);
	if (!skb) {
		dst_release(dst);
		return;
	}
	if (!xtcp_af_own(skb, sk, dst))
		return;
	xtcp_count(xn, XTCP_CNT_OUT_SEGS);
	send_plain(sk, skb, &fl6, NULL, dst, tclass);
}

/* --- coming and going ------------------------------------------------------------ */

const struct xtcp_af_ops xtcp_ipv6_ops = {
	.family		= AF_INET6,
	.gso_type	= SKB_GSO_TCPV6,
	.ip_header_len	= sizeof(struct ipv6hdr),
	.mss_default	= XTCP_MSS_DEFAULT6,
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
	.setsockopt	= ipv6_setsockopt,
	.getsockopt	= ipv6_getsockopt,
	.bind_reach	= bind_reach,
	.request_route	= request_route,
	.request_xmit	= request_xmit,
	.unshare	= unshare,
	.child_init	= child_init,
	.reply		= reply,
};

void __init xtcp_ipv6_fill_mapped_ops(void)
{
	xtcp_mapped_ops = xtcp_ipv4_ops;
	xtcp_mapped_ops.connect_route = connect_route;
	xtcp_mapped_ops.connect_failed = connect_failed;
	xtcp_mapped_ops.setsockopt = ipv6_setsockopt;
	xtcp_mapped_ops.getsockopt = ipv6_getsockopt;
	xtcp_mapped_ops.bind_reach = bind_reach;
	xtcp_mapped_ops.child_init = mapped_child_init;
}

static const struct inet6_protocol protocol = {
	.handler	= receive,
	.err_handler	= icmp_error,
	.flags		= INET6_PROTO_NOPOLICY | INET6_PROTO_FINAL,
};

int __init xtcp_ipv6_register(void)
{
	if (!ipv6_mod_enabled())
		return 0;
	return inet6_add_protocol(&protocol, IPPROTO_XTCP);
}

void xtcp_ipv6_unregister(void)
{
	if (ipv6_mod_enabled())
		inet6_del_protocol(&protocol, IPPROTO_XTCP);
}

int xtcp_ipv6_net_init(struct xtcp_net *xn)
{
	if (!ipv6_mod_enabled())
		return 0;
	return inet_ctl_sock_create(&xn->ctl_sk6, PF_INET6, SOCK_RAW, IPPROTO_XTCP,
				    xn->net);
}

void xtcp_ipv6_net_exit(struct xtcp_net *xn)
{
	if (xn->ctl_sk6)
		inet_ctl_sock_destroy(xn->ctl_sk6);
}
