// SPDX-License-Identifier: GPL-2.0
/*
 * Large segments: cut up on the way out (GSO), joined on the way in (GRO). Header and
 * rules are TCP's, and so the kernel's TCP does the work, for its protocol 6; here is what
 * differs, the number in the pseudo header. Segments of protocol 6, ours among them, come
 * to it without us. Softirq or process context, under RCU.
 *
 * A device cuts up what all bits of gso_type allow it to. Those that know TCP may look at
 * the protocol: the bit of SCTP, which none of them has, leaves it to the kernel. Virtual
 * ones, which cut up nothing, have it, and pass the skb on whole.
 */

#include <linux/delay.h>
#include <net/gro.h>
#include <net/ip6_checksum.h>
#include <net/protocol.h>
#include <net/tcp.h>
#include <xtcp/af.h>
#include <xtcp/offload.h>
#include <xtcp/wire.h>

/* Those of TCP, or NULL. */
static const struct net_offload *tcp_offload(void)
{
	return rcu_dereference(inet_offloads[IPPROTO_TCP]);
}

static const struct net_offload *tcp6_offload(void)
{
	return rcu_dereference(inet6_offloads[IPPROTO_TCP]);
}

static __sum16 pseudo4(const struct iphdr *iph, u32 len)
{
	return ~csum_tcpudp_magic(iph->saddr, iph->daddr, len, IPPROTO_XTCP, 0);
}

static __sum16 pseudo6(const struct ipv6hdr *ip6h, u32 len)
{
	return ~csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len, IPPROTO_XTCP, 0);
}

/* --- out -------------------------------------------------------------------- */

/* Each of @segment and those behind it weighs what it does, not @whole what they were. */
static void charge(struct sock *sk, struct sk_buff *segment, u32 whole)
{
	int more = -whole;

	for (; segment; segment = segment->next) {
		segment->sk = sk;
		segment->destructor = sock_wfree;
		more += segment->truesize;
	}
	if (more >= 0)
		refcount_add(more, &sk->sk_wmem_alloc);
	else
		WARN_ON_ONCE(refcount_sub_and_test(-more, &sk->sk_wmem_alloc));
}

/*
 * A device that sums up TCP alone does not know ours.
 *
 * Whose @skb is charged for each segment until that has left. Left to itself skb_segment()
 * makes the last one his, with the weight of all, and on this machine it is received with
 * that weight: of protocol 6 it is so, where TCP's knows its own sockets only.
 */
static struct sk_buff *cut_up(const struct net_offload *tcp, struct sk_buff *skb,
			      netdev_features_t features)
{
	struct sock *sk = skb->destructor == sock_wfree ? skb->sk : NULL;
	struct sk_buff *segments;

	if (!tcp || !tcp->callbacks.gso_segment)
		return ERR_PTR(-EPROTONOSUPPORT);
	if (sk)
		skb->destructor = NULL;
	segments = tcp->callbacks.gso_segment(skb, features &
					      ~(NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM));
	if (sk && IS_ERR_OR_NULL(segments)) {
		skb->destructor = sock_wfree;
	} else if (sk) {
		skb->sk = NULL;
		charge(sk, segments, skb->truesize);
	}
	return segments;
}

static struct sk_buff *gso_segment4(struct sk_buff *skb, netdev_features_t features)
{
	if (!pskb_may_pull(skb, sizeof(struct tcphdr)))
		return ERR_PTR(-EINVAL);
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		xtcp_af_sum_later(skb, pseudo4(ip_hdr(skb), skb->len));
	return cut_up(tcp_offload(), skb, features);
}

static struct sk_buff *gso_segment6(struct sk_buff *skb, netdev_features_t features)
{
	if (!pskb_may_pull(skb, sizeof(struct tcphdr)))
		return ERR_PTR(-EINVAL);
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		xtcp_af_sum_later(skb, pseudo6(ipv6_hdr(skb), skb->len));
	return cut_up(tcp6_offload(), skb, features);
}

/* --- in --------------------------------------------------------------------- */

/* The module goes: nothing more is joined. */
static bool leaving;

/*
 * @skb with those before it. TCP's would verify its sum for its own protocol: it is told
 * that it need not. What is not to be joined (flush) goes there all the same, for what is
 * kept of its connection has to go up before it. Where the device keeps lists of whole packets TCP
 * looks in its tables for who is to get them, which are not ours: then nothing is joined, and
 * what was held when that was switched on is overtaken, once.
 */
static struct sk_buff *join(const struct net_offload *tcp, struct list_head *head,
			    struct sk_buff *skb, bool sum_wrong)
{
	if (sum_wrong || !tcp || !tcp->callbacks.gro_receive ||
	    (skb->dev->features & NETIF_F_GRO_FRAGLIST)) {
		NAPI_GRO_CB(skb)->flush = 1;
		return NULL;
	}
	if (READ_ONCE(leaving))
		NAPI_GRO_CB(skb)->flush = 1;
	NAPI_GRO_CB(skb)->csum_cnt++;
	return tcp->callbacks.gro_receive(head, skb);
}

static struct sk_buff *gro_receive4(struct list_head *head, struct sk_buff *skb)
{
	return join(tcp_offload(), head, skb,
		    !NAPI_GRO_CB(skb)->flush &&
		    skb_gro_checksum_validate(skb, IPPROTO_XTCP, inet_gro_compute_pseudo));
}

static struct sk_buff *gro_receive6(struct list_head *head, struct sk_buff *skb)
{
	return join(tcp6_offload(), head, skb,
		    !NAPI_GRO_CB(skb)->flush &&
		    skb_gro_checksum_validate(skb, IPPROTO_XTCP, ip6_gro_compute_pseudo));
}

/*
 * The header of the first is the header of all, should someone have to cut them up again. TCP
 * knows where IP's is, behind a VLAN or in a tunnel, and whether IP numbered them alike: its
 * sum of the pseudo header is ours but for the protocol.
 */
static int joined(const struct net_offload *tcp, struct sk_buff *skb, int thoff)
{
	struct tcphdr *th;
	int err;

	if (!tcp || !tcp->callbacks.gro_complete)
		return -EPROTONOSUPPORT;
	err = tcp->callbacks.gro_complete(skb, thoff);
	th = (struct tcphdr *)(skb->data + thoff);
	th->check = csum16_add(csum16_sub(th->check, htons(IPPROTO_TCP)), htons(IPPROTO_XTCP));
	skb_shinfo(skb)->gso_type |= SKB_GSO_SCTP;
	return err;
}

static int gro_complete4(struct sk_buff *skb, int thoff)
{
	return joined(tcp_offload(), skb, thoff);
}

static int gro_complete6(struct sk_buff *skb, int thoff)
{
	return joined(tcp6_offload(), skb, thoff);
}

static const struct net_offload offload4 = {
	.callbacks = {
		.gso_segment	= gso_segment4,
		.gro_receive	= gro_receive4,
		.gro_complete	= gro_complete4,
	},
};

static const struct net_offload offload6 = {
	.callbacks = {
		.gso_segment	= gso_segment6,
		.gro_receive	= gro_receive6,
		.gro_complete	= gro_complete6,
	},
};

int xtcp_offload_register(void)
{
	int err;

	WRITE_ONCE(leaving, false);
	err = inet_add_offload(&offload4, IPPROTO_XTCP);
	if (err)
		return err;
	err = inet6_add_offload(&offload6, IPPROTO_XTCP);
	if (err)
		inet_del_offload(&offload4, IPPROTO_XTCP);
	return err;
}

/*
 * What is held, joined, has to go up before we go, or IP complains (WARN): in the next poll of
 * its device, or after gro_flush_timeout, which is of microseconds.
 */
enum { HELD_MS = 100 };

void xtcp_offload_unregister(void)
{
	WRITE_ONCE(leaving, true);
	synchronize_net();
	msleep(HELD_MS);
	inet6_del_offload(&offload6, IPPROTO_XTCP);
	inet_del_offload(&offload4, IPPROTO_XTCP);
}
