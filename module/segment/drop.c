// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that go no further: those that may not pass, whatever the connection would
 * say of them, and the end of each that was dropped, with its reason.
 */

#include <linux/filter.h>
#include <net/xfrm.h>
#include <xtcp/drop.h>
#include <xtcp/skb.h>
#include <xtcp/trace.h>

bool xtcp_drop_too_far(const struct sock *sk, u8 family, u8 ttl)
{
#if IS_ENABLED(CONFIG_IPV6)
	/* Such a segment is for a socket of AF_INET6 alone. */
	if (family == AF_INET6)
		return ttl < READ_ONCE(inet6_sk(sk)->min_hopcount);
#endif
	return ttl < READ_ONCE(inet_sk(sk)->min_ttl);
}

static u8 ttl_of(const struct sk_buff *skb, u8 family)
{
	return family == AF_INET6 ? ipv6_hdr(skb)->hop_limit : ip_hdr(skb)->ttl;
}

enum xtcp_drop xtcp_drop_judge(struct sock *sk, struct sk_buff *skb, u8 family)
{
	unsigned int len = skb->len;

	XTCP_SKB_CB(skb)->cut = false;
	if (!xfrm_policy_check(sk, XFRM_POLICY_IN, skb, family))
		return XTCP_DROP_POLICY;
	if (!sk)
		return XTCP_DROP_NONE;
	if (xtcp_drop_too_far(sk, family, ttl_of(skb, family)))
		return XTCP_DROP_MIN_TTL;
	if (sk_filter_trim_cap(sk, skb, tcp_hdr(skb)->doff * 4))
		return XTCP_DROP_FILTER;
	XTCP_SKB_CB(skb)->cut = skb->len < len;
	/* Who reads it, perhaps days later, pins no IPsec states and devices. */
	nf_reset_ct(skb);
	skb_ext_reset(skb);
	return XTCP_DROP_NONE;
}

void xtcp_drop_segment(struct xtcp_net *xn, struct sk_buff *skb, unsigned int drop)
{
	if (!drop) {
		consume_skb(skb);
		return;
	}
	xtcp_count(xn, drop);
	trace_xtcp_drop(skb, drop);
	kfree_skb_reason(skb, xtcp_counters_core_reason(drop));
}
